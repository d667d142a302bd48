"""Shelly, generation 1: a topic for each value, with a number or a word on it.

Belongs here: ``shellies/<device>/…``. Does not: later generations (``shelly``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.leaves import bare, leaves
from iot_assets.decoders.nested import as_name

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_UNITS: Final = {
    "power": "W", "reactive_power": "var", "voltage": "V", "current": "A", "temperature": "Cel",
    "ext_temperature": "Cel", "temperature_f": "[degF]", "ext_temperature_f": "[degF]", "humidity": "%",
    "ext_humidity": "%", "battery": "%", "lux": "lx", "adc": "V", "tilt": "deg", "pos": "%",
    "brightness": "%", "tC": "Cel", "tF": "[degF]", "hum": "%",
}  # fmt: skip
#: Meters count watt-hours; relays, lights and rollers count watt-minutes.
_ENERGY: Final = frozenset({"energy", "returned_energy", "total", "total_returned"})
_SWITCHES: Final = frozenset({"relay", "light", "color", "white"})
_SWITCHED: Final = {"on": 1.0, "off": 0.0}
_NO_TELEMETRY: Final = frozenset({"online", "info", "command", "set", "settings"})


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """The levels after the device are the metric."""
    path = message.captures["path"]
    levels = path.split("/")
    if path == "announce":
        said = message.json_object()
        sheet.announce(model=as_name(said.get("model")), firmware=as_name(said.get("fw_ver")), manufacturer="Shelly")
        sheet.not_telemetry()
        return
    if levels[-1] in _NO_TELEMETRY:
        sheet.not_telemetry()
        return
    text = message.text()
    metric = path.replace("/", ".")
    if text.lstrip()[:1] == "{":
        for name, last, value in leaves(message.json_object(), metric + "."):
            sheet.measure(name, value, _unit(levels, last, value))
        return
    value = bare(text)
    if len(levels) == 2 and levels[0] in _SWITCHES and isinstance(value, str):
        value = _SWITCHED.get(value, value)
    last = next((level for level in reversed(levels) if not level.isdigit()), "")
    sheet.measure(metric, value or None if isinstance(value, str) else value, _unit(levels, last, value))


def _unit(levels: list[str], name: str, value: float | str) -> str | None:
    if isinstance(value, (str, bool)):
        return None
    if name in _ENERGY:
        return "Wh" if levels[0] == "emeter" else "W.min"
    return _UNITS.get(name)
