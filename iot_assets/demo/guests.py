"""Devices of other makers in the demo, one for each of the conventions that the world speaks; all from the seed.

Belongs here: what they are called, and how each writes down what it measures. Does not: when the fleet sends
(``fleet.py``). No registry names them, as it is with devices that somebody just plugged in.
"""

from __future__ import annotations

import itertools
import json
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from iot_assets.demo.devices import (
    Drift,
    daily,
    epoch_milliseconds,
    epoch_seconds,
    hour_of,
    naive_iso,
    seeded,
    zoned_iso,
)
from iot_assets.demo.messages import Message

_LATENCY: Final = timedelta(milliseconds=40)
_YEAR_SECONDS: Final = 31_536_000


class Nature:
    """What goes on around one device, at one instant."""

    def __init__(self, seed: int, whom: str) -> None:
        self._drift = Drift(seeded(seed, whom), spread=1, memory_seconds=1200)
        self.at = datetime.now(UTC)
        self._departure = 0.0

    def turn_to(self, at: datetime) -> None:
        """Let it be that instant."""
        self.at, self._departure = at, self._drift.at(at)

    def value(self, mean: float, swing: float = 0.0, noise: float = 1.0, digits: int = 2) -> float:
        """A value around the mean, higher in the afternoon by the swing."""
        return round(mean + daily(hour_of(self.at), swing) + noise * self._departure, digits)

    def counter(self, per_hour: float) -> float:
        """A counter that has run since the year began."""
        return round(self.at.timestamp() % _YEAR_SECONDS / 3600 * per_hour, 3)


def _tasmota(n: Nature) -> tuple[str, Any]:
    energy = {"Total": n.counter(0.05), "Power": n.value(46, 5, 3, 0), "Voltage": n.value(231, 0, 2, 0)}
    body = {"Time": naive_iso(n.at)[:19], "Epoch": epoch_seconds(n.at), "ENERGY": energy}
    return "tele/workshop-plug/SENSOR", body


def _zigbee2mqtt(n: Nature) -> tuple[str, Any]:
    body = {"temperature": n.value(21, 1.5, 0.4), "humidity": n.value(46, -4, 2), "battery": 97, "linkquality": 115}
    return "zigbee2mqtt/living room", {**body, "last_seen": zoned_iso(n.at)}


def _shelly(n: Nature) -> tuple[str, Any]:
    switch = {"id": 0, "output": True, "apower": n.value(47, 0, 3, 1), "voltage": n.value(231, 0, 2, 1)}
    params = {"ts": round(n.at.timestamp(), 2), "switch:0": {**switch, "temperature": {"tC": n.value(38, 2, 1, 1)}}}
    device = "shellyplus1pm-a8032abe54dc"
    return f"{device}/events/rpc", {
        "src": device,
        "dst": f"{device}/events",
        "method": "NotifyStatus",
        "params": params,
    }


def _shelly_gen1(n: Nature) -> tuple[str, Any]:
    return "shellies/shellyht-1a2b3c/sensor/temperature", str(n.value(19, 2, 0.5))


def _influx_line(n: Nature) -> tuple[str, Any]:
    load, used = n.value(0.8, 0.3, 0.1), n.value(41, 5, 1)
    return "telegraf/gateway/system", f"system,host=gateway load1={load},mem_used_percent={used} {_nanoseconds(n.at)}\n"


def _senml(n: Nature) -> tuple[str, Any]:
    first = {"bn": "urn:dev:mac:0024befffe804ff1:", "bt": n.at.timestamp(), "n": "voltage", "u": "V"}
    return "senml/meter", [{**first, "v": n.value(231, 0, 2)}, {"n": "current", "u": "A", "v": n.value(1.2, 0.3, 0.1)}]


def _thingsboard(n: Nature) -> tuple[str, Any]:
    values = {"pressure": n.value(4.1, 0, 0.1), "running": True}
    return "v1/devices/pump-7/telemetry", {"ts": epoch_milliseconds(n.at), "values": values}


def _homie(n: Nature) -> tuple[str, Any]:
    return "homie/5/heat-pump/tank/temperature", str(n.value(48, -3))


def _victron(n: Nature) -> tuple[str, Any]:
    return "N/c0619ab33c44/battery/256/Soc", {"value": n.value(72, 20, 3, 1)}


def _rtl_433(n: Nature) -> tuple[str, Any]:
    body = {"model": "Nexus-TH", "id": 42, "channel": 2, "battery_ok": 1, "temperature_C": n.value(11, 6, 0.8, 1)}
    return "rtl_433/attic/events", {"time": f"{n.at.timestamp():.6f}", **body}


def _owntracks(n: Nature) -> tuple[str, Any]:
    place = {"lat": round(47.37 + 0.01 * n.value(0, 1, 0.2), 6), "lon": 8.54, "acc": 12, "batt": 53}
    return "owntracks/anna/phone", {"_type": "location", "tid": "ap", "tst": epoch_seconds(n.at), **place}


def _chirpstack(n: Nature) -> tuple[str, Any]:
    eui = "24e124136b502217"
    device = {"applicationName": "Farm", "deviceProfileName": "EM300-TH", "deviceName": "barn", "devEui": eui}
    measured = {"temperature": n.value(9, 5, 0.5), "humidity": n.value(71, -8, 2)}
    radio = [{"gatewayId": "0016c001f153a14c", "rssi": round(n.value(-97, 0, 4)), "snr": n.value(7, 0, 1)}]
    counted = int(n.at.timestamp() // 10) % 65_536
    body = {"time": zoned_iso(n.at), "deviceInfo": device, "fCnt": counted, "object": measured, "rxInfo": radio}
    return f"application/17c82e96-be03-4f38-aef3-f83d48582d97/device/{eui}/event/up", body


def _bare_value(n: Nature) -> tuple[str, Any]:
    return "teslamate/cars/1/inside_temp", str(n.value(18, 6, 1, 1))


def _text_lines(n: Nature) -> tuple[str, Any]:
    now = epoch_seconds(n.at)
    return "lines/solar", f"{now} Voltage {n.value(38, 0, 0.5)}\n{now} Current {n.value(4, 3.5, 0.2)}\n"


def _thin_edge(n: Nature) -> tuple[str, Any]:
    return "te/device/main///m/environment", {"time": zoned_iso(n.at), "temperature": n.value(33, 4, 0.8)}


def _umh(n: Nature) -> tuple[str, Any]:
    body = {"timestamp_ms": epoch_milliseconds(n.at), "spindle_speed": n.value(1450, 30, 12, 0)}
    return "umh/v1/plant/hall1/press4/_historian", body


def _flat_json(n: Nature) -> tuple[str, Any]:
    return "devices/cellar/state", {"ts": zoned_iso(n.at), "water_level": n.value(0.8, 0, 0.1), "valve": "closed"}


#: convention → how its device speaks.
GUESTS: Final[dict[str, Callable[[Nature], tuple[str, Any]]]] = {
    "tasmota": _tasmota,
    "zigbee2mqtt": _zigbee2mqtt,
    "shelly": _shelly,
    "shelly_gen1": _shelly_gen1,
    "influx_line": _influx_line,
    "senml": _senml,
    "thingsboard": _thingsboard,
    "homie": _homie,
    "victron": _victron,
    "rtl_433": _rtl_433,
    "owntracks": _owntracks,
    "chirpstack": _chirpstack,
    "bare_value": _bare_value,
    "text_lines": _text_lines,
    "thin_edge": _thin_edge,
    "umh": _umh,
    "flat_json": _flat_json,
}


def guest_messages(*, seed: int, start: datetime, per_second: float) -> Iterator[Message]:
    """What the guests send from ``start`` on, one after the other, without end."""
    natures = {name: Nature(seed, name) for name in GUESTS}
    for count, (name, says) in enumerate(itertools.cycle(GUESTS.items())):
        at = start + timedelta(microseconds=round(count * 1_000_000 / per_second))
        natures[name].turn_to(at - _LATENCY)
        topic, said = says(natures[name])
        yield Message(at, topic, (said if isinstance(said, str) else json.dumps(said)).encode())


def _nanoseconds(at: datetime) -> int:
    return round(at.timestamp() * 1_000_000) * 1000
