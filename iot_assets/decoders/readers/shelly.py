"""Shelly, generation 2 and later: the state of a device's components, in notifications or one by one.

Belongs here: ``<device>/events/rpc`` and ``<device>/status/…``. Does not: generation 1 (``shelly_gen1``).
"""

from __future__ import annotations

from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.leaves import leaves
from iot_assets.decoders.nested import as_object, as_time

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_UNITS: Final = {
    "apower": "W", "act_power": "W", "aprt_power": "VA", "voltage": "V", "current": "A", "freq": "Hz",
    "aenergy.total": "Wh", "ret_aenergy.total": "Wh", "act_energy": "Wh", "act_ret_energy": "Wh", "act": "Wh",
    "act_ret": "Wh", "tC": "Cel", "tF": "[degF]", "rh": "%", "lux": "lx", "battery.V": "V", "battery.percent": "%",
    "rssi": "dBm", "uptime": "s", "current_pos": "%", "target_pos": "%", "brightness": "%", "ram_size": "By",
    "ram_free": "By", "fs_size": "By", "fs_free": "By",
}  # fmt: skip
#: A three-phase meter names the phase first, and whether it is a total.
_PHASES: Final = ("a_", "b_", "c_", "n_", "total_")
_NOT_MEASURED: Final = frozenset({"id", "minute_ts", "by_minute", "available_updates", "ts", "unixtime", "time", "mac"})
_STATES: Final = frozenset({"NotifyStatus", "NotifyFullStatus"})


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """By the levels of the topic after the device."""
    topic = message.topic
    if topic.endswith("/events/rpc"):
        told = message.json_object()
        if told.get("method") not in _STATES:  # buttons, scripts, progress of updates
            sheet.not_telemetry()
            return
        params = as_object(told.get("params"))
        _measure(params, params.get("ts"), sheet)
    elif topic.endswith("/status"):
        told = message.json_object()
        _measure(told, as_object(told.get("sys")).get("unixtime"), sheet)
    elif "/status/" in topic:
        component = topic.rsplit("/", 1)[1]
        told = message.json_object()
        _measure({component: told}, told.get("unixtime") if component == "sys" else None, sheet)
    else:
        sheet.not_telemetry()


def _measure(components: dict[str, Any], at: Any, sheet: Sheet) -> None:
    sheet.record(time=as_time(at))
    for metric, name, value in leaves(components, left_out=_NOT_MEASURED):
        sheet.measure(metric, value, None if isinstance(value, (str, bool)) else _unit(metric, name))


@lru_cache(maxsize=1000)
def _unit(metric: str, name: str) -> str | None:
    if (unit := _UNITS.get(name)) is not None:
        return unit
    if name in {"total", "V", "percent"}:
        return _UNITS.get(".".join(metric.split(".")[-2:]))
    for phase in _PHASES:
        name = name.removeprefix(phase)
    return _UNITS.get(name)
