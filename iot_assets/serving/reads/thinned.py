"""A series with fewer points: of long ones the least and the greatest of many short spans."""

from __future__ import annotations

from iot_assets.model import EXCLUDING_FLAGS
from iot_assets.serving.reads.question import Question, Scope, literal, text_of

#: So many times the points that are wanted, the rest is thinned from.
_TIMES: int = 8


def valid_values(scope: Scope, *, live: bool = False) -> str:
    """SQL for the numeric readings that count: device_id, metric, moment, value."""
    excluding = ", ".join(literal(flag) for flag in EXCLUDING_FLAGS)
    table = "memory.live.readings" if live else "silver.readings"
    return (
        f"select device_id, metric, event_at as moment, value from {table} where {scope.condition('event_at')}"
        f" and value is not null and not list_has_any(flags, [{excluding}])"
    )


def thinned(values: str, points: int) -> Question:
    """Columns device_id, metric, moment, value of some of these values: all of a series of up to 8 times the points."""
    few = _TIMES * points
    return Question(
        text_of("thinned", values=values, few=str(few), spans=str(few // 2)),
        key=("device_id", "metric", "moment", "value"),
    )
