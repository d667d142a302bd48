"""A metric of the whole fleet over time, or over the hours of the day, by kind of device."""

from __future__ import annotations

from typing import Final

from iot_assets.serving.reads.question import Question, Scope, text_of

_BY: Final = {"time": "time_bucket(to_seconds($seconds), bucket_at)", "hour": "hour(bucket_at)"}


def trend(
    scope: Scope, width: str, *, by: str = "time", seconds: int = 3600, kind: str | None = None, site: str | None = None
) -> Question:
    """Columns kind, at, mean, min, max, readings: from the rollups of this width.

    ``by`` is time (buckets of so many seconds) or hour (of the day, UTC).
    """
    sql = text_of("trend", table=f"gold.readings_{width}", scope=scope.condition("bucket_at"), at=_BY[by])
    parameters: dict[str, object] = {"kind": kind, "site": site}
    return Question(sql, parameters | ({"seconds": seconds} if by == "time" else {}), key=("kind", "at"))
