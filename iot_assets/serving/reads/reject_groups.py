"""Rejects by reason and topic, most first."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, instant, text_of


def reject_groups(*, first: datetime, after: datetime, most: int = 100) -> Question:
    """Columns reason, topic, rejects, last_at, and of the newest detail and message_id."""
    scope = f"received_at >= {instant(first)} and received_at < {instant(after)}"
    return Question(text_of("reject_groups", scope=scope), {"most": most}, key=("reason", "topic"))
