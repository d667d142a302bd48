"""How a step is tried again: for a fault that passes, such as a person holding the warehouse file open."""

from typing import Final

import dagster as dg

RETRIES: Final = dg.RetryPolicy(max_retries=2, delay=1, backoff=dg.Backoff.EXPONENTIAL, jitter=dg.Jitter.FULL)
