"""The Things Stack v3 (The Things Network): messages of LoRaWAN devices, from its MQTT server and its webhooks.

Belongs here: which message says what, and which of its times is meant. Does not: the payload formatter, which runs in
The Things Stack (``decoded_payload``).

The time is the network server's, else the application server's: the gateway's own clock (``settings.time``) is often
not set, and serves only where neither is there.
"""

from __future__ import annotations

import json
from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.nested import as_list, as_name, as_number, as_object, as_time, measure_all
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.readers.lorawan import loudest, measure_link
from iot_assets.decoders.sheet import Sheet, Unreadable

_SILENT: Final = frozenset(
    {
        *(f"downlink_{what}" for what in ("ack", "nack", "sent", "failed", "queued", "queue_invalidated")),
        "downlinks",
        "service_data",
    }
)
#: Units that the schema of normalized payloads fixes.
_NORMALIZED: Final = {
    "battery": {"": "V"},
    "air": {
        "temperature": "Cel",
        "relativeHumidity": "%",
        "pressure": "hPa",
        "co2": "[ppm]",
        "lightIntensity": "lx",
    },
    "soil": {
        "depth": "cm",
        "moisture": "%",
        "temperature": "Cel",
        "ec": "dS/m",
        "pH": "[pH]",
        "n": "[ppm]",
        "p": "[ppm]",
        "k": "[ppm]",
    },
    "wind": {"speed": "m/s", "direction": "deg"},
    "rain": {"intensity": "mm/h", "cumulative": "mm"},
}


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the message says."""
    tree = message.json_object()
    ids = as_object(tree.get("end_device_ids"))
    device = as_name(ids.get("device_id"))
    if "uplink_message" in tree:
        _uplink(tree, as_object(tree["uplink_message"]), device, sheet)
    elif "uplink_normalized" in tree:
        uplink = as_object(tree["uplink_normalized"])
        _normalized([uplink.get("normalized_payload")], _time(tree, uplink), device, sheet, flags=_flags(tree))
    elif "location_solved" in tree:
        sheet.record(device, time=as_time(tree.get("received_at")))
        place = as_object(tree["location_solved"])
        _place("location", as_object(place.get("location")) or place, sheet, flags=_flags(tree))
    elif "join_accept" in tree:
        known = {name: value for name, value in ids.items() if isinstance(value, str) and name != "device_id"}
        sheet.announce(device, attributes=json.dumps(known, ensure_ascii=False))
    elif _SILENT & tree.keys():
        sheet.not_telemetry()
    else:
        raise Unreadable("missing_value", f"it holds neither an uplink nor anything else known: {list(tree)[:8]}")


def _uplink(tree: dict[str, Any], uplink: dict[str, Any], device: str | None, sheet: Sheet) -> None:
    time, flags, settings = _time(tree, uplink), _flags(tree), as_object(uplink.get("settings"))
    sheet.record(device, time=as_time(time))
    measure_all(sheet, as_object(uplink.get("decoded_payload")), flags=flags)
    measure_link(
        sheet,
        uplink.get("rx_metadata"),
        counter=uplink.get("f_cnt"),
        port=uplink.get("f_port"),
        frequency=settings.get("frequency"),
        modulation=settings.get("data_rate"),
        spreading="spreading_factor",
        flags=flags,
    )
    airtime = uplink.get("consumed_airtime")
    sheet.measure(
        "link.airtime", as_number(airtime.removesuffix("s")) if isinstance(airtime, str) else None, "s", flags
    )
    battery = as_object(uplink.get("last_battery_percentage"))
    sheet.measure("last_battery_percentage", as_number(battery.get("value")), "%", flags)
    for name, place in as_object(uplink.get("locations")).items():
        if as_object(place).get("source") != "SOURCE_REGISTRY":  # which nobody measured
            _place(f"locations.{name}", as_object(place), sheet, flags=flags)
    _normalized(as_list(uplink.get("normalized_payload")), time, device, sheet, flags=flags)


def _time(tree: dict[str, Any], uplink: dict[str, Any]) -> Any:
    settings = as_object(uplink.get("settings"))
    if time := uplink.get("received_at") or tree.get("received_at") or settings.get("time"):
        return time
    return loudest(uplink.get("rx_metadata"))[0].get("time")


def _flags(tree: dict[str, Any]) -> int:
    return FLAG_BITS["uncertain"] if tree.get("simulated") is True else 0


def _normalized(payloads: list[Any], time: Any, device: str | None, sheet: Sheet, *, flags: int) -> None:
    """Measure what normalized payloads say; several without a time of their own are told apart by their number."""
    for number, payload in enumerate(payloads):
        measured = as_object(payload)
        own = measured.get("time")
        sheet.record(device, time=as_time(own or time))
        prefix = "normalized." if own or number == 0 else f"normalized.{number}."
        for name, value in measured.items():
            units = _NORMALIZED.get(name, {})
            if isinstance(value, dict):
                measure_all(sheet, value, f"{prefix}{name}.", units=units, flags=flags)
            elif name != "time" and not isinstance(value, list):
                sheet.measure(prefix + name, value, units.get(""), flags)


def _place(name: str, place: dict[str, Any], sheet: Sheet, *, flags: int) -> None:
    if place:  # what is zero is left out
        sheet.measure(f"{name}.latitude", as_number(place.get("latitude", 0)), "deg", flags)
        sheet.measure(f"{name}.longitude", as_number(place.get("longitude", 0)), "deg", flags)
        sheet.measure(f"{name}.altitude", as_number(place.get("altitude", 0)), "m", flags)
        sheet.measure(f"{name}.accuracy", as_number(place.get("accuracy")), "m", flags)
