"""Messages by time and outcome."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, instant, text_of


def throughput(*, first: datetime, after: datetime, seconds: int) -> Question:
    """Columns bucket_at, outcome, messages: buckets of so many seconds, at least 60."""
    scope = f"minute_at >= {instant(first)} and minute_at < {instant(after)}"
    return Question(text_of("throughput", scope=scope), {"seconds": seconds}, key=("bucket_at", "outcome"))
