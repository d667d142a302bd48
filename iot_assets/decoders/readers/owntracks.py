"""OwnTracks: where a phone is.

Belongs here: messages of type location. Does not: transitions, waypoints, cards, commands and the like, which are
recognised as no telemetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.leaves import leaves
from iot_assets.decoders.nested import as_time
from iot_assets.decoders.sheet import Unreadable

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_UNITS: Final = {
    "lat": "deg", "lon": "deg", "cog": "deg", "alt": "m", "acc": "m", "vac": "m", "rad": "m", "vel": "km/h",
    "batt": "%", "p": "kPa",
}  # fmt: skip
_NOT_MEASURED: Final = frozenset({"_type", "_id", "tid", "tst", "created_at", "topic", "BSSID", "SSID"})


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """The time is that of the position (``tst``), which may be hours before it was sent."""
    if not message.payload:  # a retained message was taken back
        sheet.not_telemetry()
        return
    said = message.json_object()
    if "_type" not in said:
        raise Unreadable("missing_value", "it has no field _type")
    if said["_type"] != "location":
        sheet.not_telemetry()
        return
    sheet.record(time=as_time(said.get("tst")))
    for metric, name, value in leaves(said, left_out=_NOT_MEASURED):
        sheet.measure(metric, value, None if isinstance(value, str) else _UNITS.get(name))
