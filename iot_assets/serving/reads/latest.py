"""The newest reading of each device and metric."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from iot_assets.serving.reads.question import Question, among, text_of

_KEY: Final = ("device_id", "metric")


def latest(devices: Sequence[str] = (), metrics: Sequence[str] = (), *, live: bool = False) -> Question:
    """Columns of gold.latest but for the message id; all devices and metrics where none are named.

    ``live`` asks for what is not published yet too; only a cursor of ``live`` can answer it.
    """
    table = "memory.live.latest" if live else "gold.latest"
    scope = " and ".join(p for p in (among("device_id", devices), among("metric", metrics)) if p) or "true"
    return Question(text_of("latest", table=table, scope=scope), key=_KEY)
