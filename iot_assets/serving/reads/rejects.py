"""What could not be decoded, the newest first."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, instant, literal, text_of


def rejects(
    *,
    reason: str | None = None,
    topic: str | None = None,
    first: datetime | None = None,
    after: datetime | None = None,
) -> Question:
    """Columns of silver.rejects but for the batch; ``payload`` is bytes, ``topic`` may hold ``*`` and ``?``."""
    parts = [f"reason = {literal(reason)}"] if reason is not None else []
    parts += [f"topic glob {literal(topic)}"] if topic is not None else []
    parts += [f"received_at >= {instant(first)}"] if first is not None else []
    parts += [f"received_at < {instant(after)}"] if after is not None else []
    return Question(text_of("rejects", scope=" and ".join(parts) or "true"), key=("received_at", "message_id"))
