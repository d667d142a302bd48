"""ChirpStack v4: events of LoRaWAN devices, in JSON, as its MQTT and HTTP integrations send them.

Belongs here: which event says what. Does not: the payload's codec, which runs in ChirpStack (``object``); the Protocol
Buffers marshaler.
"""

from __future__ import annotations

import json
from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.nested import as_name, as_number, as_object, as_time, measure_all, sent_with
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.readers.lorawan import measure_link
from iot_assets.decoders.sheet import Sheet, Unreadable

_SILENT: Final = frozenset({"ack", "txack", "log", "integration"})
#: How the event in Protocol Buffers begins: field 1 is the deduplication id, a text of 36 characters.
_PROTOBUF: Final = b"\n$"


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the event says."""
    captures = message.captures
    if captures.get("direction") == "command":
        sheet.not_telemetry()
        return
    if message.payload.startswith(_PROTOBUF):
        raise Unreadable("malformed_json", "it is Protocol Buffers; set the integration's encoding to JSON")
    event = message.json_object()
    kind = (
        captures.get("event")
        or as_name(as_object(sent_with(message.attributes).get("query")).get("event"))
        or _guessed(event)
    )
    info = as_object(event.get("deviceInfo"))
    device = as_name(info.get("devEui"))
    if kind in _SILENT:
        sheet.not_telemetry()
    elif kind == "join":
        sheet.announce(device, kind=as_name(info.get("deviceProfileName")), attributes=_attributes(event, info))
    elif kind in _TOLD:
        sheet.record(device, time=as_time(event.get("time")), declared_id=as_name(event.get("deduplicationId")))
        _TOLD[kind](event, sheet)
    else:
        raise Unreadable("missing_value", f"there is no event {str(kind)[:60]!r}")


def _guessed(event: dict[str, Any]) -> str | None:
    for field, kind in (("rxInfo", "up"), ("margin", "status"), ("location", "location"), ("level", "log")):
        if field in event:
            return kind
    return None


def _up(event: dict[str, Any], sheet: Sheet) -> None:
    measure_all(sheet, as_object(event.get("object")))
    sent = as_object(event.get("txInfo"))
    sheet.measure("link.dr", as_number(event.get("dr", 0)))
    measure_link(
        sheet,
        event.get("rxInfo"),
        counter=event.get("fCnt"),
        port=event.get("fPort"),
        frequency=sent.get("frequency"),
        modulation=sent.get("modulation"),
        spreading="spreadingFactor",
    )


def _status(event: dict[str, Any], sheet: Sheet) -> None:
    sheet.measure("margin", as_number(event.get("margin", 0)), "dB")
    sheet.measure("externalPowerSource", bool(event.get("externalPowerSource")))
    if not event.get("batteryLevelUnavailable"):
        sheet.measure("batteryLevel", as_number(event.get("batteryLevel")), "%")


def _location(event: dict[str, Any], sheet: Sheet) -> None:
    place = as_object(event.get("location"))
    if place:  # what is zero is left out
        sheet.measure("location.latitude", as_number(place.get("latitude", 0)), "deg")
        sheet.measure("location.longitude", as_number(place.get("longitude", 0)), "deg")
        sheet.measure("location.altitude", as_number(place.get("altitude", 0)), "m")
        sheet.measure("location.accuracy", as_number(place.get("accuracy")), "m")


_TOLD: Final = {"up": _up, "status": _status, "location": _location}


def _attributes(event: dict[str, Any], info: dict[str, Any]) -> str:
    names = ("deviceName", "applicationId", "applicationName", "tenantId", "tenantName", "deviceProfileId", "tags")
    found = {name: info[name] for name in names if info.get(name)}
    if address := event.get("devAddr"):
        found["devAddr"] = address
    return json.dumps(found, ensure_ascii=False)
