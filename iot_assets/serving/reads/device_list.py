"""Devices as a list to look through: what they are, how they are, and when they were last heard."""

from __future__ import annotations

from iot_assets.serving.reads.question import Question, text_of


def device_list(
    *,
    kind: str | None = None,
    site: str | None = None,
    state: str | None = None,
    band: str | None = None,
    search: str | None = None,
    device_id: str | None = None,
    most: int = 50,
    offset: int = 0,
) -> Question:
    """One row a device: device_id, kind, site, model, firmware, lat, lon, and the columns of its status and quality.

    ``score`` and ``band`` are of the newest day that was scored; ``found`` is how many devices there are in all. Those
    that need looking after come first. ``search`` is a part of its name, kind, model or site, in any case.
    """
    parameters = {
        "kind": kind, "site": site, "state": state, "band": band, "search": search, "device": device_id, "most": most,
        "offset": offset,
    }  # fmt: skip
    return Question(text_of("device_list", scored=text_of("scored")), parameters, key=("device_id",))
