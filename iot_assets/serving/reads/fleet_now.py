"""How the fleet is now, in four figures."""

from __future__ import annotations

from typing import Final

from iot_assets.serving.reads.question import Question, text_of

#: What it is asked of; a publication by an older version may lack them.
TABLES: Final = ("gold.device_status", "gold.quality_score")


def fleet_now() -> Question:
    """One row: devices_online, devices_late, devices_offline, quality_score (of the newest day; null without one)."""
    return Question(text_of("fleet_now"))
