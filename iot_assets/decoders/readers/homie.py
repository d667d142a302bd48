"""Homie, versions 3 to 5: a topic a property, its value as text.

Metrics are named ``node.property``. What devices say of themselves goes to the registry: in version 5 all at once in
``$description``, before that a topic a fact. Other attributes (``$state``, ``$target``, …) and commands are no
telemetry.

Belongs here: levels of the topic below the device. Does not: the levels above it (``routes``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.nested import as_object
from iot_assets.decoders.sheet import Unreadable
from iot_assets.decoders.written import number, value
from iot_assets.units import code

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

#: How version 5 writes the empty text, since an empty payload deletes a retained message.
_EMPTY_TEXT: Final = b"\0"


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - it has none of its own
    """One property or attribute."""
    levels = message.captures.get("path", "").split("/")
    if message.captures.get("device", "").startswith("$") or not message.payload:
        sheet.not_telemetry()
    elif any(level.startswith("$") for level in levels):
        sheet.not_telemetry()
        _announce(message, levels, sheet)
    elif len(levels) == 2:
        _measure(message, ".".join(levels), sheet)
    elif levels[-1] == "set":
        sheet.not_telemetry()
    else:
        raise Unreadable("unknown_topic", "a value's topic ends in device, node and property")


def _measure(message: Message, metric: str, sheet: Sheet) -> None:
    if message.payload == _EMPTY_TEXT:
        sheet.measure(metric, "")
    else:
        sheet.measure(metric, value(message.text().strip()))


def _announce(message: Message, levels: list[str], sheet: Sheet) -> None:
    match levels:
        case ["$description"]:
            _describe(message.json_object(), sheet)
        case ["$name"]:
            sheet.announce(None, attributes=json.dumps({"name": message.text()}, ensure_ascii=False))
        case ["$fw", "version"]:
            sheet.announce(None, firmware=message.text())
        case [node, name, "$unit"]:
            sheet.announce_metric(None, f"{node}.{name}", unit=code(message.text()) or None)
        case [node, name, "$name"]:
            sheet.announce_metric(None, f"{node}.{name}", description=message.text())
        case [node, name, "$format"] if (bounds := _bounds(message.text())) != (None, None):
            sheet.announce_metric(None, f"{node}.{name}", min=bounds[0], max=bounds[1])


def _describe(told: dict[str, Any], sheet: Sheet) -> None:
    facts = {key: told[key] for key in ("name", "homie", "parent", "root") if isinstance(told.get(key), str)}
    sheet.announce(
        None, kind=_text(told.get("type")), attributes=json.dumps(facts, ensure_ascii=False) if facts else None
    )
    for node_id, node in as_object(told.get("nodes")).items():
        for name, about in as_object(as_object(node).get("properties")).items():
            prop = as_object(about)
            numeric = prop.get("datatype") in ("integer", "float")
            least, greatest = _bounds(_text(prop.get("format")) or "") if numeric else (None, None)
            sheet.announce_metric(
                None,
                f"{node_id}.{name}",
                unit=code(_text(prop.get("unit")) or "") or None,
                min=least,
                max=greatest,
                description=_text(prop.get("name")),
            )


def _text(told: Any) -> str | None:
    return told if isinstance(told, str) else None


def _bounds(told: str) -> tuple[float | None, float | None]:
    """Of ``min:max`` or ``min:max:step``, where either bound may be missing."""
    least, colon, rest = told.partition(":")
    if not colon:
        return None, None
    return number(least), number(rest.partition(":")[0])
