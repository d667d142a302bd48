"""What the live tail adds to a publication; only a cursor of ``live`` can answer."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, Scope, text_of


def unpublished(scope: Scope, *, most: int = 20_000) -> Question:
    """Columns of ``readings``, the newest first."""
    sql = text_of("unpublished", scope=scope.condition("event_at"))
    return Question(sql, {"most": most}, key=("event_at", "device_id", "metric", "message_id", "position"))


def unpublished_total() -> Question:
    """One row: readings, newest_received_at (null where there is none)."""
    return Question(text_of("unpublished_total"))
