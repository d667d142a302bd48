"""Readings as they came, in the order of event time."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, Scope, text_of

_KEY = ("event_at", "device_id", "metric", "message_id", "position")


def readings(scope: Scope, *, live: bool = False) -> Question:
    """Columns device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position.

    ``live`` asks for what is not published yet too; only a cursor of ``live`` can answer it.
    """
    table = "memory.live.readings" if live else "silver.readings"
    return Question(text_of("readings", table=table, scope=scope.condition("event_at")), key=_KEY)
