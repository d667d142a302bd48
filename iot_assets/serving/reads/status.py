"""How the platform is: as of when the tables are, and how much is in them."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def status() -> Question:
    """One row: published_at, newest_event_at, newest_received_at, devices, numeric_readings, rejects, messages."""
    return Question(text_of("status"))
