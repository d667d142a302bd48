"""Asking edge nodes for their births: a job, and a schedule that exists where the settings want it."""

from typing import Any

import dagster as dg

from iot_assets.assets.rebirth import ask_for_births
from iot_assets.settings import Settings


@dg.job(name="rebirth", description="Ask the Sparkplug edge nodes whose data is held for their births.")
def rebirth_job() -> None:
    """One op."""
    ask_for_births()


@dg.schedule(
    name="rebirth",
    job=rebirth_job,
    cron_schedule="*/10 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Each ten minutes, where sparkplug.rebirth is on.",
)
def _schedule() -> Any:
    return dg.RunRequest()


def rebirth_schedules(settings: Settings) -> list[dg.ScheduleDefinition]:
    """The schedule, or none."""
    return [_schedule] if settings.sparkplug.rebirth else []
