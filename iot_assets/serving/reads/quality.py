"""How good the data are: scores, hours, and the rows behind them."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Final

from iot_assets.model import EXCLUDING_FLAGS
from iot_assets.serving.reads.question import Question, Scope, among, literal, text_of

#: What is scored.
SCOPES: Final = ("fleet", "site", "route", "device")


def scores(
    *,
    scopes: tuple[str, ...] = (),
    names: tuple[str, ...] = (),
    bands: tuple[str, ...] = (),
    first: date | None = None,
    last: date | None = None,
) -> Question:
    """Columns of gold.quality_score, days from ``first`` to ``last``; without either the newest day."""
    parts = [among("scope", scopes), among("name", names), among("band", bands)]
    parts += [f"day >= date '{first}'"] if first is not None else []
    parts += [f"day <= date '{last}'"] if last is not None else []
    if first is None and last is None:
        parts.append("day = (select max(day) from gold.quality_score)")
    return Question(text_of("quality_scores", scope=_all(parts)), key=("day", "scope", "name"))


def hours(scope: Scope, *, bands: tuple[str, ...] = ()) -> Question:
    """Columns of gold.quality_hourly."""
    condition = _all([scope.condition("hour_at"), among("band", bands)])
    return Question(text_of("quality_hours", scope=condition), key=("hour_at", "device_id", "metric"))


def reasons(device_id: str, day: date) -> Question:
    """What a device's score of a day lost points for: columns happened_at, what, metric, detail, message_id."""
    start = datetime(day.year, day.month, day.day, tzinfo=UTC)
    scope = Scope(devices=(device_id,), first=start, after=start + timedelta(days=1))
    return Question(
        text_of(
            "quality_reasons",
            hours=scope.condition("hour_at"),
            readings=scope.condition("event_at"),
            rejects=scope.condition("received_at"),
            excluding=", ".join(literal(flag) for flag in EXCLUDING_FLAGS),
        ),
        key=("happened_at", "what", "metric"),
    )


def _all(parts: list[str]) -> str:
    return " and ".join(part for part in parts if part) or "true"
