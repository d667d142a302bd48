"""From a figure back to the bytes: the readings behind it, and the message each came in, where it lies in the lake.

Belongs here: finding. Does not: printing (``cli/trace.py``).
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final

import duckdb

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.published import QuestionError, ask, published

#: What can be traced, and how long a bucket of it is; an instant for what is no rollup.
TRACEABLE: Final = MappingProxyType(
    {
        "gold.readings_1min": timedelta(minutes=1),
        "gold.readings_1h": timedelta(hours=1),
        "gold.readings_1d": timedelta(days=1),
        "gold.latest": timedelta(0),
        "silver.readings": timedelta(0),
        "silver.corrections": timedelta(0),
    }
)


@dataclass(frozen=True, slots=True)
class Figure:
    """A figure of a table: a device, a metric, and an instant in its bucket (for gold.latest: none)."""

    table: str
    device_id: str
    metric: str
    at: datetime | None

    def span(self) -> tuple[datetime, datetime]:
        """First instant, and the first one after it."""
        assert self.at is not None
        width = TRACEABLE[self.table]
        if not width:
            return self.at, self.at + timedelta(microseconds=1)
        day = self.at.astimezone(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        start = day + width * ((self.at - day) // width)
        return start, start + width


def trace(paths: DataPaths, figure: Figure, limit: int) -> list[dict[str, Any]]:
    """The readings behind a figure with their messages, in the order of event time.

    Returns:
        event_at, value, value_text, unit, flags, received_at, message_id, and and of the message topic, payload, file
        (below the lake) and row (in the file, from 0); these four are None where the lake has lost the file.

    Raises:
        QuestionError: nothing is published yet, or there is no such figure.
    """
    with published(paths) as connection:
        if figure.table == "gold.latest":
            figure = _newest(connection, figure)
        first, after = figure.span()
        table = "silver.corrections" if figure.table == "silver.corrections" else "silver.readings"
        # Literal bounds, so that only the row groups and files that can hold the answer are read.
        connection.execute(
            "create temp table found as"
            " select event_at, value, value_text, unit, flags, received_at, message_id, position"
            f" from {table} where device_id = ? and metric = ? and event_at >= timestamptz '{first.isoformat()}'"
            f" and event_at < timestamptz '{after.isoformat()}' order by event_at, message_id, position limit {limit}",
            [figure.device_id, figure.metric],
        )
        rows = _with_messages(connection, paths)
    if not rows:
        raise QuestionError(
            f"{figure.table} has nothing of device {figure.device_id!r}, metric {figure.metric!r}"
            f" from {first.isoformat()} to {after.isoformat()}"
        )
    return rows


def trace_reject(paths: DataPaths, message_id: str) -> list[dict[str, Any]]:
    """A reject with its message: reason, detail, received_at, message_id, topic, payload, file, row.

    Raises:
        QuestionError: nothing is published yet, or there is no such reject.
    """
    with published(paths) as connection:
        connection.execute(
            "create temp table found as select reason, detail, received_at, message_id from silver.rejects"
            " where message_id = ?::uuid",
            [message_id],
        )
        rows = _with_messages(connection, paths)
    if not rows:
        raise QuestionError(f"silver.rejects has no message {message_id}")
    return rows


def _newest(connection: duckdb.DuckDBPyConnection, figure: Figure) -> Figure:
    found = connection.execute(
        "select event_at from gold.latest where device_id = ? and metric = ?", [figure.device_id, figure.metric]
    ).fetchall()
    if not found:
        raise QuestionError(f"gold.latest has nothing of device {figure.device_id!r}, metric {figure.metric!r}")
    return Figure("silver.readings", figure.device_id, figure.metric, found[0][0])


def _with_messages(connection: duckdb.DuckDBPyConnection, paths: DataPaths) -> list[dict[str, Any]]:
    connection.execute(
        "create temp table lying as select f.message_id, l.path from found f"
        " asof join (select path, first_message_id, last_message_id from bronze.files where state = 'entered') l"
        " on f.message_id >= l.first_message_id where f.message_id <= l.last_message_id"
    )
    named = connection.execute("select distinct path from lying order by path").fetchall()
    present = [str(paths.lake / path) for (path,) in named if (paths.lake / path).exists()]
    lake = f"{paths.lake}/"
    if present:
        connection.execute(
            "create temp table messages as select message_id, topic, payload, filename[length(?) + 1:] as file,"
            " file_row_number as row from read_parquet(?, filename = true, file_row_number = true,"
            " hive_partitioning = false) where message_id in (select message_id from lying)",
            [lake, present],
        )
    else:
        connection.execute(
            "create temp table messages as select null::uuid as message_id, null as topic, null::blob as payload,"
            " null as file, null::bigint as row limit 0"
        )
    return ask(connection, "with_messages", {})
