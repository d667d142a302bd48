"""A metric of the whole fleet over time by kind of device."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, Scope, text_of


def trend(
    scope: Scope, width: str, *, kind: str | None = None, site: str | None = None, band: str | None = None
) -> Question:
    """Columns kind, at, total, readings of each bucket of the rollups of this width: total / readings is the mean."""
    sql = text_of("trend", table=f"gold.readings_{width}", scope=scope.condition("bucket_at"), scored=text_of("scored"))
    return Question(sql, {"kind": kind, "site": site, "band": band}, key=("kind", "at"))
