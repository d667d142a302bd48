"""Settings of dagster-celery's worker, which finds them by this name on its PYTHONPATH: docs/deploy.md."""

import os

#: As in ``run_launcher`` of dagster.yaml. Whoever can reach it can have the worker run anything: loopback only.
broker_url = os.environ.get("CELERY_BROKER_URL", "redis://127.0.0.1:6379/0")
result_backend = broker_url
#: A run is taken when there is a hand free for it, not kept waiting behind another one.
worker_prefetch_multiplier = 1
task_default_queue = "dagster"
broker_connection_retry_on_startup = True
