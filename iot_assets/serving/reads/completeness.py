"""What share of the expected readings came, by device and hour."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from iot_assets.serving.reads.question import Question, Scope, text_of


def completeness(
    devices: Sequence[str] = (),
    *,
    first: datetime,
    after: datetime,
    kind: str | None = None,
    site: str | None = None,
    most: int = 40,
) -> Question:
    """Columns device_id, hour_at, completeness (0 to 1) of the devices that lack most."""
    scope = Scope(tuple(devices), (), first, after).condition("hour_at")
    parameters = {"kind": kind, "site": site, "most": most}
    return Question(text_of("completeness", scope=scope), parameters, key=("device_id", "hour_at"))
