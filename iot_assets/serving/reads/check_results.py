"""Each check's newest result, those that fail first."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def check_results() -> Question:
    """Columns table_name, check_name, passed, severity, failing, checked_at, run_id, sample."""
    return Question(text_of("check_results"), key=("table_name", "check_name"))
