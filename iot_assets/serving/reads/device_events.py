"""What has happened to devices: when each became online, late or offline."""

from __future__ import annotations

from datetime import datetime

from iot_assets.serving.reads.question import Question, among, instant, text_of


def device_events(devices: tuple[str, ...] = (), *, first: datetime, after: datetime, most: int = 500) -> Question:
    """Columns device_id, happened_at, kind, before, the newest first; of all devices where none are named."""
    parts = [f"happened_at >= {instant(first)}", f"happened_at < {instant(after)}", among("device_id", devices)]
    scope = " and ".join(part for part in parts if part)
    return Question(text_of("device_events", scope=scope), {"most": most}, key=("happened_at", "device_id"))
