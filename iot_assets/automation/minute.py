"""The minute: one run of bronze, silver, gold and the publication, each minute in which something has landed.

Belongs here: when the run happens, and why it does not. Does not: what it does (``assets``).
"""

from collections.abc import Iterator
from datetime import datetime
from typing import Final

import dagster as dg

from iot_assets.assets.specs import SERVING
from iot_assets.automation.backlog import about_to_land, waiting_files
from iot_assets.checks.sweeps import SWEEPS
from iot_assets.resources import data_paths
from iot_assets.settings import Settings

#: All that a minute materializes; the whole chain in one run, so that one process start pays for it.
MINUTE_JOB: Final = dg.define_asset_job(
    "minute",
    selection=(dg.AssetSelection.groups("bronze", "silver", "gold") | dg.AssetSelection.assets(SERVING))
    - dg.AssetSelection.checks(*SWEEPS),
    description="bronze → silver → gold → publication of whatever has landed.",
)

#: Statuses of a run that is not over.
UNFINISHED: Final = (
    dg.DagsterRunStatus.NOT_STARTED,
    dg.DagsterRunStatus.QUEUED,
    dg.DagsterRunStatus.STARTING,
    dg.DagsterRunStatus.STARTED,
    dg.DagsterRunStatus.CANCELING,
)


def unfinished(instance: dg.DagsterInstance) -> int:
    """How many minute runs are under way."""
    return instance.get_runs_count(dg.RunsFilter(job_name=MINUTE_JOB.name, statuses=list(UNFINISHED)))


@dg.schedule(
    name="minute",
    job=MINUTE_JOB,
    cron_schedule="* * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Runs the minute job when something has landed, and at least every schedule.idle_minutes.",
)
def minute_schedule(
    context: dg.ScheduleEvaluationContext, settings: dg.ResourceParam[Settings]
) -> Iterator[dg.RunRequest | dg.SkipReason]:
    """One run a minute at most, never two at once, none where nothing has landed."""
    if unfinished(context.instance):
        yield dg.SkipReason("the previous run is still going")
        return
    paths = data_paths(settings)
    waiting = waiting_files(paths)
    at = context.scheduled_execution_time
    idle = settings.schedule.idle_minutes
    if not waiting and not about_to_land(paths, settings.lander.name) and not _is_idle_minute(at, idle):
        yield dg.SkipReason(f"nothing has landed; the next run without news is at a multiple of {idle} minutes")
        return
    yield dg.RunRequest(tags={"iot/waiting_files": str(waiting)})


def _is_idle_minute(at: datetime, every: int) -> bool:
    return at.minute % every == 0
