"""Readings as they came, in the order of event time."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, Scope, text_of

_KEY = ("event_at", "device_id", "metric", "message_id", "position")


def readings(scope: Scope) -> Question:
    """Columns device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id, position."""
    return Question(text_of("readings", scope=scope.condition("event_at")), key=_KEY)
