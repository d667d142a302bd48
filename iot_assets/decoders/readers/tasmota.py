"""Tasmota: sensors and state of a device, told every few minutes and on request.

Belongs here: ``tele/<device>/SENSOR`` and ``STATE``, the same in answers to ``STATUS``, power states, discovery. Does
not: other results of commands, which are no telemetry.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.leaves import bare, leaves
from iot_assets.decoders.nested import as_name, as_object, as_time

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_UNITS: Final = {
    "Humidity": "%", "Total": "kWh", "Yesterday": "kWh", "Today": "kWh", "Period": "Wh", "Power": "W",
    "ApparentPower": "VA", "ReactivePower": "var", "Voltage": "V", "Current": "A", "Frequency": "Hz",
    "Illuminance": "lx", "CarbonDioxide": "ppm", "Battery": "%", "Moisture": "%", "RSSI": "%", "Signal": "dBm",
    "UptimeSec": "s", "LoadAvg": "%",
}  # fmt: skip
#: Where a message says its own units: the field, and the metrics that it is about.
_TOLD: Final = {
    "TempUnit": ("Temperature", "DewPoint", "HeatIndex", "TargetTemperature"),
    "PressureUnit": ("Pressure", "SeaPressure"),
    "SpeedUnit": ("Speed", "WindSpeed"),
}
_NOT_MEASURED: Final = frozenset({"Time", "Epoch", "Id", "BSSId", *_TOLD})
#: Answers to ``STATUS 8``, ``10`` and ``11`` hold what SENSOR and STATE hold.
_INSIDE: Final = {"STATUS8": "StatusSNS", "STATUS10": "StatusSNS", "STATUS11": "StatusSTS"}
_MICROS: Final = 1_000_000


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """By the last level of the topic."""
    match message.topic.rsplit("/", 1)[1]:
        case "SENSOR" | "STATE":
            _state(message.json_object(), sheet)
        case "STATUS8" | "STATUS10" | "STATUS11" as answer:
            _state(as_object(message.json_object().get(_INSIDE[answer])), sheet)
        case power if power.startswith("POWER") and "/stat/" in f"/{message.topic}":
            sheet.measure(power, bare(message.text()))
        case "config" if message.topic.startswith("tasmota/discovery/"):
            _discovered(message.json_object(), sheet)
        case _:
            sheet.not_telemetry()


def _state(tree: dict[str, Any], sheet: Sheet) -> None:
    epoch, written = tree.get("Epoch"), as_time(tree.get("Time"))
    if isinstance(epoch, int) and not isinstance(epoch, bool):  # it says exactly when; the time beside it is local
        sheet.record(time=written or str(epoch), us=epoch * _MICROS)
    else:
        sheet.record(time=written)
    units = _UNITS
    for field, metrics in _TOLD.items():
        if isinstance(unit := tree.get(field), str):
            units = {**units, **dict.fromkeys(metrics, unit)}
    for metric, name, value in leaves(tree, left_out=_NOT_MEASURED, arrays=True):
        sheet.measure(metric, value, None if isinstance(value, str) else units.get(name))


def _discovered(tree: dict[str, Any], sheet: Sheet) -> None:
    device = as_name(tree.get("t"))
    if device is not None:
        sheet.announce(device, model=as_name(tree.get("md")), firmware=as_name(tree.get("sw")))
    sheet.not_telemetry()
