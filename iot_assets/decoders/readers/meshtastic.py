"""Meshtastic: packets of mesh nodes in JSON, published by each gateway that heard them.

Belongs here: which packet says what. Does not: encrypted packets and map reports (Protocol Buffers), which are passed
over as no telemetry: with JSON switched on, each has its double there.

A packet that several gateways heard comes several times, each time with the gateway's own clock; its ``id`` tells that
it is the same.
"""

from __future__ import annotations

import json
from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.nested import as_list, as_name, as_number, as_object, as_time, measure_all
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

_SILENT: Final = frozenset({"", "text", "sendtext", "sendposition", "traceroute", "waypoint"})
_UNITS: Final = {
    "battery_level": "%",
    "channel_utilization": "%",
    "air_util_tx": "%",
    "uptime_seconds": "s",
    "voltage": "V",
    "current": "mA",
    **{f"voltage_ch{n}": "V" for n in (1, 2, 3)},
    **{f"current_ch{n}": "mA" for n in (1, 2, 3)},
    "temperature": "Cel",
    "relative_humidity": "%",
    "barometric_pressure": "hPa",
    "gas_resistance": "MOhm",
    "lux": "lx",
    "white_lux": "lx",
    "wind_speed": "m/s",
    "wind_gust": "m/s",
    "wind_lull": "m/s",
    "wind_direction": "deg",
    "radiation": "uR/h",
    **dict.fromkeys(("pm10", "pm25", "pm100", "pm10_e", "pm25_e", "pm100_e"), "ug/m3"),
    "altitude": "m",
    "ground_speed": "m/s",
}
_LINK: Final = (("rssi", "dBm"), ("snr", "dB"), ("hops_away", None))


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the packet says."""
    if "/json/" not in message.topic:
        sheet.not_telemetry()
        return
    packet = message.json_object()
    kind, said = packet.get("type"), as_object(packet.get("payload"))
    if not isinstance(kind, str):
        raise Unreadable("missing_value", "it does not say what type of packet it is")
    if kind in _SILENT:
        sheet.not_telemetry()
        return
    device = _node(packet.get("from"))
    if kind == "nodeinfo":
        known = {name: value for name, value in said.items() if isinstance(value, (str, int)) and name != "id"}
        sheet.announce(device or as_name(said.get("id")), attributes=json.dumps(known, ensure_ascii=False))
        return
    if not said:
        raise Unreadable("missing_value", f"a packet of type {kind[:60]!r} without a payload that is an object")
    own = (said.get("timestamp") or said.get("time")) if kind == "position" else None
    # A gateway whose clock is not set says 0.
    time = as_time(own or packet.get("timestamp") or None)
    sheet.record(device, time=time, declared_id=as_name(packet.get("id")))
    if kind == "position":
        _position(said, sheet)
    elif kind == "neighborinfo":
        _neighbors(said, sheet)
    else:
        measure_all(sheet, said, units=_UNITS)
    for name, unit in _LINK:
        sheet.measure(f"link.{name}", as_number(packet.get(name)), unit)


def _node(number: Any) -> str | None:
    """The name of a node that people see, of its number."""
    if isinstance(number, bool) or not isinstance(number, int):
        return None
    return f"!{number & 0xFFFFFFFF:08x}"


def _position(said: dict[str, Any], sheet: Sheet) -> None:
    for name in ("latitude", "longitude"):
        number = as_number(said.get(f"{name}_i"))
        sheet.measure(name, None if number is None else number / 1e7, "deg")
    measure_all(sheet, said, units=_UNITS, left_out=("latitude_i", "longitude_i", "time", "timestamp"))


def _neighbors(said: dict[str, Any], sheet: Sheet) -> None:
    sheet.measure("neighbors_count", as_number(said.get("neighbors_count")))
    for neighbor in as_list(said.get("neighbors")):
        if node := _node(as_object(neighbor).get("node_id")):
            sheet.measure(f"neighbors.{node}.snr", as_number(neighbor.get("snr")), "dB")
