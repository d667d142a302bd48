"""Landed files: how many, how large, and how long they took to get in, by time."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, instant, text_of


def files(*, first: datetime, after: datetime, seconds: int) -> Question:
    """One row a bucket of so many seconds, by when files were entered.

    Columns bucket_at, files, corrupt, messages, bytes, and as median and 95th percentile of the files' seconds:
    sealed_p50, sealed_p95 (from the first message in a file to the last), entered_p50, entered_p95 (from the last
    message to the tables).
    """
    scope = f"entered_at >= {instant(first)} and entered_at < {instant(after)}"
    return Question(text_of("files", scope=scope), {"seconds": seconds}, key=("bucket_at",))
