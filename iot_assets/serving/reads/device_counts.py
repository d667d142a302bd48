"""How many devices there are of each kind, at each site, in each state and in each band of quality."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def device_counts() -> Question:
    """Columns kind, site, state, band (null where they are not known) and devices."""
    return Question(text_of("device_counts", scored=text_of("scored")), key=("kind", "site", "state", "band"))
