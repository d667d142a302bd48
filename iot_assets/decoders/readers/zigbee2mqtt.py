"""Zigbee2MQTT: what a device or a group says, under its friendly name; and the bridge's list of devices.

Belongs here: ``zigbee2mqtt/<friendly name>``, whole or attribute by attribute, and ``bridge/devices``. Does not:
commands, availability and the rest of the bridge, which are no telemetry (``not_telemetry``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.leaves import bare, leaves
from iot_assets.decoders.nested import as_list, as_name, as_number, as_object, as_time
from iot_assets.decoders.sheet import Unreadable
from iot_assets.units import code

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_NOT_MEASURED: Final = frozenset({"last_seen", "device", "update"})


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """An object is all that a device says; anything else is one attribute, whose name is the last level."""
    if (path := message.captures.get("path")) is None:  # the route of the bridge's list
        _announce_all(message.json(), sheet)
        return
    if not message.payload:  # a retained message was taken back
        sheet.not_telemetry()
        return
    text = message.text()
    if text.lstrip()[:1] in {"{", "["}:
        told = message.json_object()
        sheet.record(path, time=as_time(told.get("last_seen")))
        for metric, _, value in leaves(told, left_out=_NOT_MEASURED):
            sheet.measure(metric, value)
        return
    device, slash, attribute = path.rpartition("/")
    if not slash:
        raise Unreadable("not_an_object", f"it begins {text[:60]!r}")
    if attribute in _NOT_MEASURED or not text.strip() or text.strip() == "null":
        sheet.not_telemetry()
        return
    sheet.record(device)
    sheet.measure(attribute, bare(_unquoted(text)))


def _unquoted(text: str) -> str:
    if text.startswith('"'):
        try:
            return str(json.loads(text))
        except (ValueError, RecursionError):
            return text
    return text


def _announce_all(devices: Any, sheet: Sheet) -> None:
    sheet.not_telemetry()
    for device in map(as_object, as_list(devices)):
        name, definition = as_name(device.get("friendly_name")), as_object(device.get("definition"))
        if name is None or device.get("type") == "Coordinator":
            continue
        sheet.announce(
            name,
            kind=as_name(definition.get("description")),
            manufacturer=as_name(definition.get("vendor")) or as_name(device.get("manufacturer")),
            model=as_name(definition.get("model")) or as_name(device.get("model_id")),
            firmware=as_name(device.get("software_build_id")),
        )
        for exposed in _numeric(definition):
            unit = as_name(exposed.get("unit"))
            sheet.announce_metric(
                name,
                str(exposed["property"]),
                unit=None if unit is None else code(unit),
                min=as_number(exposed.get("value_min")),
                max=as_number(exposed.get("value_max")),
                description=as_name(exposed.get("description")),
            )


def _numeric(definition: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The numbers that a kind of device can say, also those that belong together to a switch or a light."""
    for exposed in map(as_object, as_list(definition.get("exposes"))):
        for feature in (exposed, *map(as_object, as_list(exposed.get("features")))):
            if feature.get("type") == "numeric" and as_name(feature.get("property")) is not None:
                yield feature
