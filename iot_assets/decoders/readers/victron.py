"""Victron Venus OS: a topic for each value of each service of an installation.

Belongs here: notifications ``N/<portal>/<service>/<instance>/…``. Does not: requests (``R/``, ``W/``).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.decoders.leaves import leaves
from iot_assets.decoders.sheet import Unreadable

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_UNITS: Final = {
    "Power": "W", "Voltage": "V", "Current": "A", "Frequency": "Hz", "Soc": "%", "Soh": "%", "Temperature": "Cel",
    "Forward": "kWh", "Reverse": "kWh", "ConsumedAmphours": "A.h", "TimeToGo": "s", "Humidity": "%", "Pressure": "hPa",
    "Latitude": "deg", "Longitude": "deg", "Course": "deg", "Altitude": "m", "S": "VA", "P": "W", "V": "V", "I": "A",
    "F": "Hz",
}  # fmt: skip
_SERVICE_LEVELS: Final = 3


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """A value that is null or an empty payload says that there is nothing to measure now, or no device."""
    portal, path = message.captures["portal"], message.captures["path"]
    levels = path.split("/", 2)
    if len(levels) < _SERVICE_LEVELS or levels[0] == "settings" or not message.payload:
        sheet.not_telemetry()
        return
    said = message.json_object()
    if "value" not in said:
        raise Unreadable("missing_value", "it has no field value")
    value = said["value"]
    if value is None or isinstance(value, list):
        sheet.not_telemetry()
        return
    service, instance, place = levels
    sheet.record(f"{portal}/{service}/{instance}")
    metric = place.replace("/", ".")
    if isinstance(value, dict):
        for name, last, inner in leaves(value, metric + "."):
            sheet.measure(name, inner, _UNITS.get(last))
    else:
        unit = None if isinstance(value, (str, bool)) else _UNITS.get(metric.rpartition(".")[2])
        sheet.measure(metric, value, unit)
