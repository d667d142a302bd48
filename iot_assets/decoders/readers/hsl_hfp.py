"""HFP, the high-frequency positions of Helsinki's public transport (versions 1 and 2).

Belongs here: what the events of a vehicle say. Does not: its journey's timetable.

The vehicle is the owner's number and its own, both from the topic: the payload's ``oper`` may be a subcontractor.
"""

from __future__ import annotations

from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.nested import as_name, as_time
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

_UNITS: Final = {
    "spd": "m/s",
    "hdg": "deg",
    "lat": "deg",
    "long": "deg",
    "acc": "m/s2",
    "dl": "s",
    "odo": "m",
    "occu": "%",
}
_USED: Final = frozenset({"oper", "veh", "tst", "tsi"})
#: Numbers that are names: no mean of them means anything.
_NAMES: Final = frozenset({"stop", "jrn", "line", "sid"})
_POSITION: Final = "VP"


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the event says, and which event it is where it is more than a position."""
    tree = message.json_object()
    event, said = next(iter(tree.items()), ("", None))
    if not isinstance(said, dict):
        raise Unreadable("missing_value", "it holds no event of a vehicle")
    operator, vehicle = as_name(said.get("oper")), as_name(said.get("veh"))
    device = f"{operator}/{vehicle}" if operator and vehicle else None
    sheet.record(device, time=as_time(said.get("tst", said.get("tsi"))))
    if event != _POSITION:
        sheet.measure("event", event)
    for name, value in said.items():
        if name not in _USED and not isinstance(value, (dict, list)):
            sheet.measure(name, _named(value) if name in _NAMES else value, _UNITS.get(name))


def _named(value: Any) -> Any:
    return as_name(value) or value
