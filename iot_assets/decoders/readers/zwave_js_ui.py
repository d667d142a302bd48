"""Z-Wave JS UI: a topic for each value of a node, with the value alone, with its time, or with all that is known of it.

Belongs here: named topics and topics of value ids. Does not: the gateway's own topics, which are no telemetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.leaves import bare, leaves
from iot_assets.decoders.nested import as_name, as_time
from iot_assets.decoders.sheet import Unreadable

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_NO_TELEMETRY: Final = frozenset({"set", "status", "nodeinfo", "lastActive", "version", "statistics"})
#: Numbers of command classes begin here; those of endpoints end there.
_LEAST_CLASS: Final = 32
_MOST_ENDPOINT: Final = 127


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """The levels up to the command class are the node, the others the metric."""
    levels = message.captures["path"].split("/")
    if levels[0].startswith("_") or levels[0] == "driver" or levels[-1] in _NO_TELEMETRY:
        sheet.not_telemetry()
        return
    start = _class_at(levels)
    if start is None:
        raise Unreadable("bad_metric", "the topic names no command class and endpoint")
    device, metric = "/".join(levels[:start]), ".".join(levels[start:])
    text = message.text()
    if text.lstrip()[:1] != "{":
        value = message.json() if text[:1] in {'"', "["} else bare(text)
        _measure(sheet, metric, None if value == "null" else value, device=device)
        return
    said = message.json_object()
    if "value" not in said:
        raise Unreadable("missing_value", "it has no field value")
    time = as_time(said.get("time", said.get("lastUpdate")))
    _measure(sheet, metric, said["value"], device=device, time=time, unit=as_name(said.get("unit")))


def _measure(
    sheet: Sheet, metric: str, value: Any, *, device: str, time: str | None = None, unit: str | None = None
) -> None:
    if value is None or isinstance(value, list):
        sheet.not_telemetry()
        return
    sheet.record(device, time=time)
    if isinstance(value, dict):
        for name, _, inner in leaves(value, metric + "."):
            sheet.measure(name, inner)
    else:
        sheet.measure(metric, value, unit)


def _class_at(levels: list[str]) -> int | None:
    """Where the command class stands: before ``endpoint_0``, or as a number before the number of an endpoint."""
    for at in range(1, len(levels) - 2):
        after = levels[at + 1]
        if after.startswith("endpoint_"):
            return at
        if _number(levels[at]) >= _LEAST_CLASS and 0 <= _number(after) <= _MOST_ENDPOINT:
            return at
    return None


def _number(level: str) -> int:
    return int(level) if level.isascii() and level.isdigit() and len(level) < 4 else -1
