"""What devices say about themselves, and who sent what, under the device ids that readings have.

Belongs here: routes' device templates, applied to what is no reading. Does not: what a registry makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.decoded import ANNOUNCED_METRICS_SCHEMA, ANNOUNCEMENTS_SCHEMA

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.found import Found
    from iot_assets.decoders.routes import RouteTable


def announced(con: duckdb.DuckDBPyConnection, found: Found, routes: RouteTable) -> tuple[pa.Table, pa.Table]:
    """Devices and metrics; those whose name cannot be a device id are left out."""
    devices, metrics = (
        _named(con, _by_topic(told, routes)) if len(told) else told
        for told in (found.announcements, found.announced_metrics)
    )
    return (
        devices.select(ANNOUNCEMENTS_SCHEMA.names).cast(ANNOUNCEMENTS_SCHEMA),
        metrics.select(ANNOUNCED_METRICS_SCHEMA.names).cast(ANNOUNCED_METRICS_SCHEMA),
    )


def _by_topic(told: pa.Table, routes: RouteTable) -> pa.Table:
    """With the ids of devices that a topic of theirs names, instead of these topics."""
    topics = pc.unique(told["topic"])
    ids = pa.array([None if topic is None else routes.device_of(topic) for topic in topics.to_pylist()], pa.string())
    named = ids.take(pc.index_in(told["topic"], value_set=topics))
    return told.set_column(told.schema.get_field_index("topic"), "known_id", named)


def senders(con: duckdb.DuckDBPyConnection, found: Found) -> pa.Table:
    """Who sent the messages that are read with a birth."""
    if len(found.senders) == 0:
        return found.senders
    nothing_known = pa.nulls(len(found.senders), pa.string())
    return _named(con, found.senders.append_column("known_id", nothing_known)).drop_columns("known_id")


def _named(con: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
    con.register("announced_table", table)
    columns = "".join(f", a.{name}" for name in table.column_names if name not in {"row", "device_id"})
    return (
        con.sql(
            f"""
        select row, device_id{columns.replace("a.", "")}
        from (
            select a.row, coalesce(
                    a.known_id, device_prefix || coalesce(a.device_id, device_captured, device_default) || device_suffix
                ) as device_id
                {columns}
            from announced_table a join intake i using (row)
        )
        where trim(device_id) <> '' and length(device_id) <= 200 and not regexp_matches(device_id, '\\p{{Cc}}')
        """
        )
        .to_arrow_table()
        .select(table.column_names)
    )
