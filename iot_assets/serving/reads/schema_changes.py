"""What is new, gone or of another type in what routes send, as the check of drift has it."""

from __future__ import annotations

from datetime import datetime, timedelta

from iot_assets.serving.reads.question import Question, instant
from iot_assets.warehouse.queries import filled


def schema_changes(*, first: datetime, after: datetime, learn: timedelta) -> Question:
    """Columns changed_at, change, route, what, example_topic, the latest first.

    What a route sends so soon (``learn``) after its first message is no change: shapes may stand side by side.
    """
    sql = filled("silver/schema_changes", now=instant(after), learn=_interval(learn), warn=_interval(after - first))
    return Question(sql, key=("changed_at", "route", "change", "what"))


def _interval(span: timedelta) -> str:
    return f"interval {int(span.total_seconds())} seconds"
