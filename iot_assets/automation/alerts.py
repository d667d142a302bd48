"""Failed runs are told: Dagster's own sensor of them reports each to the store of alerts.

Belongs here: the report. Does not: whether and whom it is told (``alerts``).
"""

import re
from datetime import UTC, datetime
from typing import Final

import dagster as dg

from iot_assets.alerts.store import Store
from iot_assets.resources import data_paths
from iot_assets.settings import Settings

_SHOWN: Final = 300


@dg.run_failure_sensor(
    name="failed_runs",
    default_status=dg.DefaultSensorStatus.RUNNING,
    minimum_interval_seconds=15,
    description="Reports each failed run to the store of alerts.",
)
def failed_runs_sensor(context: dg.RunFailureSensorContext, settings: dg.ResourceParam[Settings]) -> None:
    """One failed run."""
    run = context.dagster_run
    job = _name(run.job_name)
    store = Store(data_paths(settings).alerts)
    try:
        store.report(
            "run_failed",
            about=job,
            summary=f"A run of {job} failed: {_why(context)}",
            item=f"run {run.run_id}",
            now=datetime.now(UTC),
        )
    finally:
        store.close()


def _name(job: str) -> str:
    """Runs of assets that somebody selected belong to a job that Dagster makes up."""
    return "selected assets" if job.startswith("__") else job


def _why(context: dg.RunFailureSensorContext) -> str:
    """The first error of a step, which says more than the run's own last words."""
    for event in context.get_step_failure_events():
        error = event.step_failure_data.error
        if error is not None:
            # Dagster wraps what an asset raised.
            cause = error.cause or error
            return _sentence(cause.message)
    return _sentence(context.failure_event.message or "it was lost")


def _sentence(said: str) -> str:
    """On one line, the error's class without its module."""
    return re.sub(r"^[\w.]+\.(\w+: )", r"\1", " ".join(said.split()))[:_SHOWN]
