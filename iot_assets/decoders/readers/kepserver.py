"""KEPServerEX: what its IoT Gateway publishes, in the standard format and as rows of a template.

Belongs here: tags with value, quality and time. Does not: anything of the drivers behind it.

A tag is ``channel.device.tag`` (or with groups before the tag): the device is the first two parts, the metric the rest.
"""

from __future__ import annotations

from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.nested import as_name, as_time
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

_NAMES: Final = ("id", "tagname", "tag", "name")
_VALUES: Final = ("v", "value")
_TIMES: Final = ("t", "timestamp", "time")
_QUALITIES: Final = ("q", "quality")


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the rows say."""
    tree = message.json()
    common = None
    if isinstance(tree, dict):
        common, tree = _first(tree, _TIMES), tree.get("values", [tree])
    if not isinstance(tree, list) or not all(isinstance(row, dict) for row in tree):
        raise Unreadable("not_an_object", f"it holds no rows: it begins {message.text()[:60]!r}")
    begun = None
    for row in tree:
        device, metric = _named(as_name(_first(row, _NAMES)))
        time = _first(row, _TIMES)
        head = device, as_time(common if time is None else time)
        if head != begun:  # what one device says of one instant shares a record
            sheet.record(device, time=head[1])
            begun = head
        value = _first(row, _VALUES)
        if isinstance(value, (dict, list)):
            sheet.fault(metric, "bad_value", "it is neither a number nor a truth value nor text")
        else:
            sheet.measure(metric, value, flags=_flags(_first(row, _QUALITIES)))


def _first(row: dict[str, Any], names: tuple[str, ...]) -> Any:
    for name in names:
        if (value := row.get(name)) is not None:
            return value
    return None


def _named(tag: str | None) -> tuple[str | None, str]:
    channel, *rest = (tag or "").split(".", 2)
    match rest:
        case [device, metric]:
            return f"{channel}.{device}", metric
        case [metric]:
            return channel, metric
        case _:
            return None, channel


def _flags(quality: Any) -> int:
    """False is bad; a number is an OPC quality, of which two bits tell: 3 is good, 1 uncertain."""
    if quality is False:
        return FLAG_BITS["bad_quality"]
    if isinstance(quality, bool) or not isinstance(quality, int):
        return 0
    return {3: 0, 1: FLAG_BITS["uncertain"]}.get(quality >> 6 & 3, FLAG_BITS["bad_quality"])
