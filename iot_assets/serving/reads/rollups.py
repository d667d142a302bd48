"""Statistics of each device and metric by minute, hour or day."""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from iot_assets.serving.reads.question import Question, Scope, text_of

#: What a bucket's width is called → its seconds.
WIDTHS: Final = MappingProxyType({"1min": 60, "1h": 3600, "1d": 86400})
#: What may be asked of a bucket.
STATISTICS: Final = ("mean", "min", "max", "sum", "n", "n_valid", "n_excluded", "first", "last")
_KEY: Final = ("bucket_at", "device_id", "metric")


def rollups(scope: Scope, width: str) -> Question:
    """Columns of gold's rollups but for the message ids; ``width`` is one of ``WIDTHS``."""
    return Question(text_of("rollups", table=f"gold.readings_{width}", scope=scope.condition("bucket_at")), key=_KEY)


def series(scope: Scope, width: str, statistic: str) -> Question:
    """Columns device_id, metric, bucket_at, value: one of ``STATISTICS`` a bucket; empty buckets have no row."""
    sql = text_of("series", table=f"gold.readings_{width}", scope=scope.condition("bucket_at"), statistic=statistic)
    return Question(sql, key=_KEY)
