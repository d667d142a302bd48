"""Readings that break a rule, and how many of them by rule."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, Scope, text_of


def hits(scope: Scope, *, most: int = 1000) -> Question:
    """Columns of gold.rule_hits, the newest first."""
    sql = text_of("hits", scope=scope.condition("event_at"))
    return Question(sql, {"most": most}, key=("event_at", "device_id", "metric", "rule"))


def hits_by_rule(scope: Scope) -> Question:
    """Columns rule, kind, action, hits, series (how many), newest_at and worst (the series with most of them)."""
    return Question(text_of("hits_by_rule", scope=scope.condition("event_at")), key=("rule",))
