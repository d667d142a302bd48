"""The sweep: once an hour, the checks that look at more than a minute, in a run of their own."""

from typing import Any, Final

import dagster as dg

from iot_assets.checks.sweeps import SWEEPS

SWEEP_JOB: Final = dg.define_asset_job(
    "sweep",
    selection=dg.AssetSelection.checks(*SWEEPS),
    description="Recompute a rotating day of gold independently, and balance all books.",
)


@dg.schedule(
    name="sweep",
    job=SWEEP_JOB,
    cron_schedule="37 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour.",
)
def sweep_schedule() -> Any:
    """Unconditional."""
    return dg.RunRequest()
