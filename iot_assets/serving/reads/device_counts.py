"""How many devices there are of each kind, at each site and in each state."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def device_counts() -> Question:
    """Columns kind, site, state (null where it is not known) and devices."""
    return Question(text_of("device_counts"), key=("kind", "site", "state"))
