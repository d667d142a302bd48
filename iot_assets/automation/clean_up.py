"""Clean-up: Dagster's own history and the warehouse's book-keeping stay bounded, without anyone thinking of it.

Nothing in Dagster 1.13 deletes runs by itself, and deleting a run leaves its SQLite file behind (dagster-io/dagster
issue 33785), so the file is removed here.
"""

import time
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import dagster as dg
import sqlalchemy as sa
from dagster._core.storage.event_log.sqlite.sqlite_event_log import SqliteEventLogStorage

from iot_assets.resources import POOL, WarehouseResource
from iot_assets.settings import Settings
from iot_assets.warehouse.prune import prune

#: One clean-up deletes for so long at most; the next goes on.
_SECONDS: Final = 120.0
_BATCH: Final = 50
#: Evaluations of conditions are kept so long; Dagster's own limit is 30 days.
_EVALUATION_DAYS: Final = 2

_OVER: Final = (dg.DagsterRunStatus.SUCCESS, dg.DagsterRunStatus.FAILURE, dg.DagsterRunStatus.CANCELED)


@dg.op(pool=POOL, description="Delete bronze messages and outcomes that are older than warehouse.bronze_days.")
def prune_warehouse(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """Apply the warehouse's retention."""
    with warehouse.get_connection() as connection:
        pruned = prune(connection, bronze_days=settings.warehouse.bronze_days)
    context.log.info(f"deleted {pruned.messages} messages and {pruned.outcomes} outcomes")


@dg.op(description="Delete the oldest runs until Dagster's storage is within schedule.storage_max_bytes.")
def delete_old_runs(context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings]) -> None:
    """Bound the run history by size and by age."""
    instance = context.instance
    before = storage_bytes(instance)
    deleted = 0
    deadline = time.monotonic() + _SECONDS
    for run_id in _deletable(instance, settings, context.run_id):
        delete_run(instance, run_id)
        deleted += 1
        if time.monotonic() > deadline:
            context.log.info("out of time; the next clean-up goes on")
            break
    if instance.schedule_storage is not None:
        oldest = datetime.now(UTC) - timedelta(days=_EVALUATION_DAYS)
        instance.schedule_storage.purge_asset_evaluations(before=oldest.timestamp())
    context.log.info(f"deleted {deleted} runs; storage went from {before} to {storage_bytes(instance)} bytes")


def delete_run(instance: dg.DagsterInstance, run_id: str) -> None:
    """Delete a run with what ``DagsterInstance.delete_run`` leaves behind: its check executions and its SQLite file."""
    storage = instance.event_log_storage
    instance.delete_run(run_id)
    if isinstance(storage, SqliteEventLogStorage):
        with storage.index_connection() as connection:
            connection.execute(sa.text("delete from asset_check_executions where run_id = :run"), {"run": run_id})
        shard = Path(storage.path_for_shard(run_id))
        for file in (shard, *(shard.with_name(shard.name + ending) for ending in ("-wal", "-shm", "-journal"))):
            file.unlink(missing_ok=True)


def storage_bytes(instance: dg.DagsterInstance) -> int:
    """Bytes of Dagster's storage where it is SQLite, else 0: another database looks after its own size."""
    storage = instance.event_log_storage
    if not isinstance(storage, SqliteEventLogStorage):
        return 0
    root = Path(storage.path_for_shard("any")).parents[2]
    return sum(_size(file) for file in root.rglob("*"))


def _size(file: Path) -> int:
    try:
        return file.stat().st_size if file.is_file() else 0
    except FileNotFoundError:
        return 0


def _deletable(instance: dg.DagsterInstance, settings: Settings, own_run: str) -> Iterator[str]:
    """Finished runs, oldest first, while they are too old or there are too many of them."""
    too_old = datetime.now(UTC) - timedelta(hours=settings.schedule.keep_runs_hours)
    while True:
        oldest = instance.get_run_records(
            dg.RunsFilter(statuses=list(_OVER)), limit=_BATCH, ascending=True, order_by="id"
        )
        # The size is measured once a batch: walking the folder costs more than deleting a run.
        too_much = storage_bytes(instance) > settings.schedule.storage_max_bytes
        batch = [
            r.dagster_run.run_id
            for r in oldest
            if r.dagster_run.run_id != own_run and (too_much or r.create_timestamp < too_old)
        ]
        if not batch:
            return
        yield from batch


@dg.job(name="clean_up", description="Bound Dagster's history and the warehouse's book-keeping.")
def clean_up_job() -> None:
    """Both are independent."""
    prune_warehouse()
    delete_old_runs()


@dg.schedule(
    name="clean_up",
    job=clean_up_job,
    cron_schedule="23 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour.",
)
def clean_up_schedule() -> Any:
    """No condition: with nothing to delete it costs a second."""
    return dg.RunRequest()
