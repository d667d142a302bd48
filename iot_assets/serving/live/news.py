"""Readings as those who listen are told of them, each with its place in the order of arrival.

Belongs here: what one is told, and picking up where one left off. Does not: who listens (``listener``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

from iot_assets.serving.live.texts import text_of
from iot_assets.serving.reads.question import Scope, instant

if TYPE_CHECKING:
    import duckdb

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)
_ALL: Final = 1 << 60
#: So far back one can pick up; who was away for longer asks for readings.
REACH: Final = timedelta(hours=1)
#: What was received in that time was measured in this, or it is not told again.
_MEASURED_WITHIN: Final = timedelta(days=1)


class News(NamedTuple):
    """A reading that has come to light."""

    id: str
    """Its place in the order of arrival."""
    device_id: str
    metric: str
    reading: str
    """All of it, as JSON."""


class Place(NamedTuple):
    """A place in the order of arrival."""

    received_at: datetime
    message_id: UUID
    position: int


def place_of(news_id: str) -> Place | None:
    """The place that the id of a piece of news names; None where it is no such id."""
    try:
        micros, message, position = news_id.split(".")
        return Place(_EPOCH + timedelta(microseconds=int(micros)), UUID(message), int(position))
    except (ValueError, OverflowError):
        return None


def news_of(connection: duckdb.DuckDBPyConnection, source: str, which: str, *, most: int = _ALL) -> list[News]:
    """The news of a table, in the order of arrival; of more than ``most`` the last."""
    sql = text_of("news").replace("{source}", source).replace("{which}", which).replace("{most}", str(most))
    return [News(*row) for row in reversed(connection.execute(sql).fetchall())]


def since(connection: duckdb.DuckDBPyConnection, scope: Scope, place: Place, *, now: datetime, most: int) -> list[News]:
    """What has come behind a place, published or not, at most ``REACH`` back."""
    first = max(place.received_at, now - REACH)
    which = (
        f"{scope.condition('event_at')} and event_at >= {instant(first - _MEASURED_WITHIN)}"
        f" and received_at >= {instant(first)} and row(received_at, message_id, position) >"
        f" row({instant(place.received_at)}, '{place.message_id}'::uuid, {place.position})"
    )
    return news_of(connection, "memory.live.readings", which, most=most)
