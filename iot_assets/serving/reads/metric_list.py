"""Which metrics there are, and of how many devices."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def metric_list() -> Question:
    """Columns metric, unit (the most frequent), devices, kinds; numeric ones only, the most widespread first."""
    return Question(text_of("metric_list"), key=("metric",))
