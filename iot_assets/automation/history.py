"""History: once an hour closed days go to the lake and small landed files are joined; on request, the file shrinks.

Belongs here: when. Does not: how (``warehouse/history``, ``warehouse/compaction``, ``warehouse/rewrite``).
"""

from datetime import timedelta
from pathlib import Path
from typing import Any

import dagster as dg

from iot_assets.assets.downstream import report
from iot_assets.assets.serving import publish_now
from iot_assets.assets.specs import SERVING
from iot_assets.resources import POOL, WarehouseResource, data_paths
from iot_assets.serving.ledger import published_paths
from iot_assets.settings import Settings
from iot_assets.warehouse.compaction import compact_landed
from iot_assets.warehouse.export import export
from iot_assets.warehouse.rewrite import rewrite


@dg.op(
    pool=POOL,
    description="Export closed days of silver.readings and of gold's minutes and hours to the lake, again when healed.",
)
def export_history(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """Closed days go to the lake; old ones leave the warehouse file."""
    with warehouse.get_connection() as connection:
        done = export(
            connection,
            closed_after=timedelta(hours=settings.history.closed_after_hours),
            hot_days=settings.history.hot_days,
            grace=timedelta(minutes=settings.history.grace_minutes),
        )
    context.log.info(
        f"wrote {done.written} days, dropped {done.evicted} from the file, deleted {done.deleted} old files"
    )


@dg.op(pool=POOL, description="Join the small landed files of past days.", ins={"exported": dg.In(dg.Nothing)})
def compact_lake(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """Only files that the published ledger knows are joined."""
    paths = data_paths(settings)
    published = published_paths(paths)
    with warehouse.get_connection() as connection:
        done = compact_landed(
            connection,
            paths,
            published=published,
            after_days=settings.history.compact_after_days,
            most_messages=settings.warehouse.batch_messages,
            grace=timedelta(minutes=settings.history.grace_minutes),
        )
    context.log.info(f"joined {done.joined} landed files into {done.made}, deleted {done.deleted}")


@dg.op(
    pool=POOL,
    description="Publish where which file is: a file that was replaced stays until no publication names it.",
    ins={"compacted": dg.In(dg.Nothing)},
)
def publish_history(
    context: dg.OpExecutionContext, settings: dg.ResourceParam[Settings], warehouse: WarehouseResource
) -> None:
    """As the minute does, which comes only when something has landed."""
    with warehouse.get_connection() as connection:
        published = publish_now(connection, settings)
    report(context, {SERVING: published}, {})


@dg.op(pool=POOL, description="Copy the warehouse into a new file that is as small as what it holds.")
def rewrite_warehouse(context: dg.OpExecutionContext, warehouse: WarehouseResource) -> None:
    """Give back to the disk what deletes have freed."""
    done = rewrite(warehouse.plain())
    context.log.info(f"{Path(warehouse.database).name} went from {done.before} to {done.after} bytes")


@dg.job(name="history", description="Closed days to the lake; the lake's small files joined.")
def history_job() -> None:
    """One after the other, the publication last."""
    publish_history(compact_lake(export_history()))


@dg.job(name="compact", description="Rewrite the warehouse file; started by hand or by `iot-assets compact`.")
def compact_job() -> None:
    """By hand: it needs room for a second copy."""
    rewrite_warehouse()


@dg.schedule(
    name="history",
    job=history_job,
    cron_schedule="7 * * * *",
    execution_timezone="UTC",
    default_status=dg.DefaultScheduleStatus.RUNNING,
    description="Once an hour.",
)
def history_schedule() -> Any:
    """No condition: with nothing to move it costs a second."""
    return dg.RunRequest()
