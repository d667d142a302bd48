"""Which shapes the messages of each route have had, the newest first."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def shapes(*, most: int = 100) -> Question:
    """Columns route, shape, metrics, messages, since_at, last_seen_at, example_topic."""
    return Question(text_of("shapes"), {"most": most}, key=("route", "shape"))
