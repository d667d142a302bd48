"""Schema drift: which shapes the messages of each route have, and what of that is news.

A *shape* is the set of metrics that one message gives, each with whether it is a number or a text. Belongs here:
recording shapes within silver's transaction, telling what changed. Does not: judging readings; drift is never a fault.
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any, Final

import duckdb

from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.spans import instant

#: Bytes of an example's payload that are kept.
_PAYLOAD_BYTES: Final = 300
#: Names of metrics that are kept for a shape (the first in alphabetical order).
_NAMES: Final = 1000


def record(connection: duckdb.DuckDBPyConnection, most: int) -> None:
    """Add the shapes of the open batch's messages, each message once, keeping ``most`` a route and landed day.

    To be called after ``withdraw``, which tells what the reopened messages have brought before.
    """
    connection.execute(filled("silver/arriving_shapes", payload_bytes=str(_PAYLOAD_BYTES)))
    if scalar(connection, "select count(*) from arriving_shapes"):
        connection.execute(filled("silver/schema_versions", most=str(most), names=str(_NAMES)))


def changes(
    connection: duckdb.DuckDBPyConnection, *, now: datetime, learn: timedelta, warn: timedelta
) -> list[dict[str, Any]]:
    """What changed within ``warn`` before ``now``, the latest first: changed_at, change, route, what, example_topic.

    ``sql/silver/schema_changes.sql`` says what counts as a change.
    """
    sql = filled("silver/schema_changes", now=instant(now), learn=_interval(learn), warn=_interval(warn))
    return rows(connection, sql)


def _interval(span: timedelta) -> str:
    return f"interval {int(span.total_seconds())} seconds"
