"""rtl_433: sensors heard by radio, as events or a topic for each value.

Belongs here: who sent, in rtl_433's own terms, and what it measured. Does not: how the radio signal was decoded.
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.leaves import bare, leaves
from iot_assets.decoders.nested import as_name, as_time

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

#: Who it is, in the order in which the topics of devices name it.
_IDENTITY: Final = ("type", "model", "subtype", "channel", "id")
_NOT_MEASURED: Final = frozenset({*_IDENTITY, "time", "mic", "protocol", "mod"})
#: By how a name ends; the longer ends first.
_UNITS: Final = (
    ("_ug_m3", "ug/m3"), ("_kVARh", "kvar.h"), ("_kVAh", "kV.A.h"), ("_mi_h", "[mi_i]/h"), ("_km_h", "km/h"),
    ("_mm_h", "mm/h"), ("_in_h", "[in_i]/h"), ("_m_s", "m/s"), ("_hPa", "hPa"), ("_kPa", "kPa"), ("_PSI", "[psi]"),
    ("_kWh", "kWh"), ("_lux", "lx"), ("_ppm", "ppm"), ("_pct", "%"), ("_deg", "deg"), ("_mV", "mV"), ("_kW", "kW"),
    ("_mm", "mm"), ("_in", "[in_i]"), ("_km", "km"), ("_C", "Cel"), ("_F", "[degF]"), ("_V", "V"), ("_A", "A"),
    ("_W", "W"), ("humidity", "%"), ("moisture", "%"), ("freq", "MHz"),
    ("freq1", "MHz"), ("freq2", "MHz"), ("rssi", "dB"), ("snr", "dB"), ("noise", "dB"),
)  # fmt: skip


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """An object is an event; anything else is one value, named by the end of the topic."""
    text = message.text()
    if text.lstrip()[:1] in {"{", "["} or "path" not in message.captures:
        _event(message.json_object(), sheet)
        return
    device, _, metric = message.captures["path"].rpartition("/")
    if metric in _NOT_MEASURED:
        sheet.not_telemetry()
        return
    sheet.record(device)
    value = bare(text)
    sheet.measure(metric, value, None if isinstance(value, str) else _unit(metric))


def _event(said: dict[str, Any], sheet: Sheet) -> None:
    if "model" not in said:  # a log line, statistics
        sheet.not_telemetry()
        return
    at = as_time(said.get("time"))
    if at is not None and at.startswith("@"):  # the place in a recording, which says nothing of the clock
        at = None
    device = "/".join(name for key in _IDENTITY if (name := as_name(said.get(key))) is not None)
    sheet.record(device, time=at)
    for metric, name, value in leaves(said, left_out=_NOT_MEASURED):
        sheet.measure(metric, value, None if isinstance(value, str) else _unit(name))


@lru_cache(maxsize=1000)
def _unit(name: str) -> str | None:
    return next((code for end, code in _UNITS if name.endswith(end)), None)
