"""Cumulocity SmartREST 2.0, static templates: a number says what a line of comma-separated values means.

Measurements are named ``fragment.series``. What a device says about itself (hardware, firmware, interval) goes to the
registry; alarms, events, operations and the rest of the inventory are no telemetry.

Belongs here: the static templates. Does not: custom templates, whose meaning only the platform knows.
"""

from __future__ import annotations

import csv
import io
import json
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.sheet import Unreadable
from iot_assets.decoders.written import number

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

#: Templates of fixed measurements: metric and unit of each value, before the time.
_FIXED: Final = {
    "210": (("c8y_SignalStrength.rssi", "dBm"), ("c8y_SignalStrength.ber", "%")),
    "211": (("c8y_TemperatureMeasurement.T", "Cel"),),
    "212": (("c8y_Battery.level", "%"),),
}
#: Events that tell a place: latitude, longitude, altitude, accuracy, time.
_PLACES: Final = frozenset({"401", "402"})
_PLACE: Final = (
    ("c8y_Position.lat", "deg"),
    ("c8y_Position.lng", "deg"),
    ("c8y_Position.alt", "m"),
    ("c8y_Position.accuracy", "m"),
)


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - it has none of its own
    """One message: any number of lines."""
    lines = csv.reader(io.StringIO(message.text(), newline=""))
    facts: dict[str, Any] = {}
    others = False
    try:
        for cells in lines:
            if not any(cells):
                continue
            template, *values = (cell.strip() for cell in cells)
            if not (template.isascii() and template.isdecimal()):
                sheet.reject("malformed_line", f"line {lines.line_num}: {template[:60]!r} is no template")
                continue
            if not _measures(template, values, sheet):
                others = True
                _describe(template, values, facts)
    except csv.Error as error:
        raise Unreadable("malformed_line", f"line {lines.line_num}: {error}") from error
    if facts:
        sheet.announce(None, **facts)
    if others:
        sheet.not_telemetry()


def _measures(template: str, values: list[str], sheet: Sheet) -> bool:
    """Whether it is a measurement; if so, it is told."""
    if template == "200":
        fragment, series, value, unit, time = _padded(values, 5)
        _begin(sheet, time)
        _measure(sheet, f"{fragment}.{series}", value, unit)
    elif template == "201":
        _begin(sheet, _padded(values, 2)[1])
        for at in range(2, len(values), 4):
            fragment, series, value, unit = _padded(values[at:], 4)
            _measure(sheet, f"{fragment}.{series}", value, unit)
    elif template in _FIXED or template in _PLACES:
        measured = _PLACE if template in _PLACES else _FIXED[template]
        *found, time = _padded(values, len(measured) + 1)
        _begin(sheet, time)
        for (metric, unit), value in zip(measured, found, strict=True):
            if value:
                _measure(sheet, metric, value, unit)
    else:
        return False
    return True


def _padded(values: list[str], size: int) -> list[str]:
    """Just so many values: what is left out at the end is empty."""
    return (values + [""] * size)[:size]


def _begin(sheet: Sheet, time: str) -> None:
    sheet.record(time=time or None)


def _measure(sheet: Sheet, metric: str, written: str, unit: str) -> None:
    if (value := number(written)) is None:
        sheet.fault(metric, "bad_value", written)
    else:
        sheet.measure(metric, value, unit or None)


def _describe(template: str, values: list[str], facts: dict[str, Any]) -> None:
    first, second, third = _padded(values, 3)
    match template:
        case "100":
            facts["kind"] = second or None
            _attribute(facts, "name", first)
        case "110":
            facts["model"] = second or None
            _attribute(facts, "serial_number", first)
            _attribute(facts, "hardware_version", third)
        case "115":
            facts["firmware"] = " ".join(filter(None, (first, second))) or None
        case "117" if (minutes := number(first)) is not None and 0 < minutes < float("inf"):
            facts["expected_interval_s"] = minutes * 60


def _attribute(facts: dict[str, Any], name: str, value: str) -> None:
    if value:
        facts["attributes"] = json.dumps({**json.loads(facts.get("attributes", "{}")), name: value})
