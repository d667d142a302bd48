"""The quality score and its parts, by day."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, text_of


def scores(scope: str, name: str | None = None, *, first: datetime) -> Question:
    """All columns of gold.quality_score of a scope (fleet, site, route, device), of one of its things or of all."""
    parameters = {"scope": scope, "name": name, "first": first.date()}
    return Question(text_of("scores"), parameters, key=("day", "name"))
