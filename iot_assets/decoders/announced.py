"""What devices say about themselves, and who sent what, under the device ids that readings have.

Belongs here: the route's device template, applied to what is no reading. Does not: what a registry makes of it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.decoders.decoded import ANNOUNCED_METRICS_SCHEMA, ANNOUNCEMENTS_SCHEMA

if TYPE_CHECKING:
    import duckdb
    import pyarrow as pa

    from iot_assets.decoders.found import Found


def announced(con: duckdb.DuckDBPyConnection, found: Found) -> tuple[pa.Table, pa.Table]:
    """Devices and metrics; those whose name cannot be a device id are left out."""
    devices = _named(con, found.announcements) if len(found.announcements) else found.announcements
    metrics = _named(con, found.announced_metrics) if len(found.announced_metrics) else found.announced_metrics
    return devices.cast(ANNOUNCEMENTS_SCHEMA), metrics.cast(ANNOUNCED_METRICS_SCHEMA)


def senders(con: duckdb.DuckDBPyConnection, found: Found) -> pa.Table:
    """Who sent the messages that are read with a birth."""
    return _named(con, found.senders) if len(found.senders) else found.senders


def _named(con: duckdb.DuckDBPyConnection, table: pa.Table) -> pa.Table:
    con.register("announced_table", table)
    columns = "".join(f", a.{name}" for name in table.column_names if name not in {"row", "device_id"})
    return (
        con.sql(
            f"""
        select row, device_id{columns.replace("a.", "")}
        from (
            select a.row, device_prefix || coalesce(a.device_id, device_captured) || device_suffix as device_id
                {columns}
            from announced_table a join intake i using (row)
        )
        where trim(device_id) <> '' and length(device_id) <= 200 and not regexp_matches(device_id, '\\p{{Cc}}')
        """
        )
        .to_arrow_table()
        .select(table.column_names)
    )
