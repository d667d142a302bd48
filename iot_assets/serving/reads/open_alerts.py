"""Alerts that are not over, the gravest first."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def open_alerts() -> Question:
    """Columns alert_id, cause, about, severity, summary, count, since_at, acknowledged_by."""
    return Question(text_of("open_alerts"), key=("alert_id",))
