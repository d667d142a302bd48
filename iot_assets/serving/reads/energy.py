"""Energy by kind of device and day, from metrics of power."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, instant, text_of


def energy(
    *,
    first: datetime,
    after: datetime,
    kind: str | None = None,
    site: str | None = None,
    band: str | None = None,
) -> Question:
    """Columns day_at, kind, kwh: the mean power of each hour in which a device was heard, times the hour.

    Metrics of power are those whose newest reading says W, kW or MW.
    """
    scope = f"bucket_at >= {instant(first)} and bucket_at < {instant(after)}"
    return Question(
        text_of("energy", scope=scope, scored=text_of("scored")),
        {"kind": kind, "site": site, "band": band},
        key=("day_at", "kind"),
    )
