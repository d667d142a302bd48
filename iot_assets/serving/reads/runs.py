"""Dagster's runs of late, by what they checked."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def runs(*, most: int = 50) -> Question:
    """Columns run_id, first_at, last_at, checks, failed, grave, tables; the newest first."""
    return Question(text_of("runs"), {"most": most}, key=("run_id",))
