"""The rebuild job: a partition a landed day, so that days are picked, launched and watched in the Partitions tab."""

from datetime import UTC, date, datetime

import dagster as dg

from iot_assets.assets.rebuild import rebuild_day
from iot_assets.lake.paths import DataPaths, landed_days
from iot_assets.resources import data_paths
from iot_assets.settings import Settings


def rebuild_job(settings: Settings) -> dg.JobDefinition:
    """The job for this lake; its partitions begin with the first landed day."""
    first = first_day(data_paths(settings))
    partitions = dg.DailyPartitionsDefinition(first.isoformat(), timezone="UTC", end_offset=1)

    @dg.job(
        name="rebuild",
        partitions_def=partitions,
        description="Decode landed days again from the lake and heal everything downstream.",
    )
    def rebuild() -> None:
        rebuild_day()

    return rebuild


def first_day(paths: DataPaths) -> date:
    """The first landed day, or today while there is none."""
    return min(landed_days(paths), default=datetime.now(UTC).date())
