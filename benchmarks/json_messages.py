"""Messages of the conventions in JSON, made up for ``decode.py``: each case is a function from a number to a message.

Belongs here: topics and payloads, six metrics each where the convention has several in a message. Does not: measuring.
"""

from __future__ import annotations

import random
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

Case = Callable[[int, random.Random], tuple[str, Any]]

NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _six(rng: random.Random) -> dict[str, Any]:
    return {
        "temperature": round(rng.uniform(-10, 40), 2),
        "humidity": round(rng.uniform(20, 90), 2),
        "pressure": round(rng.uniform(950, 1050), 1),
        "battery": round(rng.uniform(0, 100), 1),
        "linkquality": rng.randrange(255),
        "occupancy": bool(rng.randrange(2)),
    }


def _second(n: int) -> int:
    return int(NOW.timestamp()) - n % 3600


def array(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"devices/d{n % 1000}/state", [{"ts": _second(n) + k, **_six(rng)} for k in range(10)]


def device_events(n: int, rng: random.Random) -> tuple[str, Any]:
    at = NOW - timedelta(seconds=n % 3600, microseconds=rng.randrange(10**6))
    body = {"device_id": f"device_{n % 1000:04}", "device_type": "camera", "timestamp": at.isoformat(), **_six(rng)}
    where = {"latitude": round(rng.uniform(30, 40), 6), "longitude": -97.4}
    return "device_events/x", body | ({"location": where} if n % 3 == 0 else where) | {"anomaly": False}


def bare_value(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"teslamate/cars/{n % 1000}/inside_temp", round(rng.uniform(-10, 40), 2)


def thingsboard(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"v1/devices/d{n % 1000}/telemetry", {"ts": _second(n) * 1000, "values": _six(rng)}


def thingsboard_gateway(n: int, rng: random.Random) -> tuple[str, Any]:
    return "v1/gateway/telemetry", {f"d{n % 1000}": [{"ts": _second(n) * 1000, "values": _six(rng)}]}


def thin_edge(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"te/device/d{n % 1000}///m/climate", {"time": _second(n), **_six(rng)}


def umh(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"umh/v1/acme/aachen/line{n % 1000}/_historian/climate", {"timestamp_ms": _second(n) * 1000, **_six(rng)}


def tasmota(n: int, rng: random.Random) -> tuple[str, Any]:
    energy = {"Total": 3.185, "Today": 0.12, "Power": rng.randrange(2000), "Voltage": 230, "Current": 0.7, "Factor": 1}
    return f"tele/d{n % 1000}/SENSOR", {"Time": "2026-01-01T11:00:00", "Epoch": _second(n), "ENERGY": energy}


def zigbee2mqtt(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"zigbee2mqtt/room/d{n % 1000}", {"last_seen": _second(n) * 1000, **_six(rng)}


def shelly(n: int, rng: random.Random) -> tuple[str, Any]:
    total = {"by_minute": [0.0, 1.5, 0.2], "minute_ts": _second(n), "total": 5.125}
    switch = {"id": 0, "output": True, "apower": round(rng.uniform(0, 2000), 2), "voltage": 232.0, "current": 0.21}
    params = {
        "ts": _second(n) + 0.48,
        "switch:0": {**switch, "aenergy": total, "temperature": {"tC": 25.3, "tF": 77.5}},
    }
    device = f"shellyplus1pm-{n % 1000:012x}"
    return f"{device}/events/rpc", {"src": device, "method": "NotifyStatus", "params": params}


def shelly_gen1(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"shellies/shelly1pm-{n % 1000:06X}/relay/0/power", round(rng.uniform(0, 2000), 2)


def zwave_js_ui(n: int, rng: random.Random) -> tuple[str, Any]:
    body = {"time": _second(n) * 1000, "value": round(rng.uniform(-10, 40), 2)}
    return f"zwave/hall/d{n % 1000}/sensor_multilevel/endpoint_0/Air_temperature", body


def victron(n: int, rng: random.Random) -> tuple[str, Any]:
    return f"N/c0619ab{n % 1000:05}/pvinverter/20/Ac/Power", {"value": rng.randrange(5000)}


def rtl_433(n: int, rng: random.Random) -> tuple[str, Any]:
    at = (NOW - timedelta(seconds=n % 3600)).strftime("%Y-%m-%d %H:%M:%S")
    wind = {"wind_dir_deg": 288, "wind_avg_m_s": 0.3, "rain_mm": 12.2, "battery_ok": 1}
    measured = {"temperature_C": round(rng.uniform(-10, 40), 1), "humidity": rng.randrange(100), **wind}
    return "rtl_433/pi/events", {"time": at, "model": "Fineoffset-WH65B", "id": n % 1000, **measured, "mic": "CRC"}


def openmqttgateway(n: int, rng: random.Random) -> tuple[str, Any]:
    measured = {"tempc": f"{rng.uniform(-10, 40):.1f}", "hum": f"{rng.uniform(0, 100):.1f}", "tempf": 66.56}
    body = {"id": "4C:33:A6:60:3C:79", "rssi": -82, "batt": 87, "volt": 2.56, **measured}
    return f"home/OpenMQTTGateway/BTtoMQTT/4C33A6{n % 1000:06X}", body


def owntracks(n: int, rng: random.Random) -> tuple[str, Any]:
    body = {
        "_type": "location",
        "alt": 154,
        "batt": 53,
        "acc": 12,
        "conn": "w",
        "tid": "j1",
        "tst": _second(n),
        "vel": 0,
    }
    return f"owntracks/jane/phone{n % 1000}", {**body, "lat": round(rng.uniform(-90, 90), 6), "lon": 2.292713}


CASES: dict[str, Case] = {
    "flat_json, arrays of ten records of six metrics": array,
    "device_events": device_events,
    "bare_value": bare_value,
    "thingsboard": thingsboard,
    "thingsboard_gateway": thingsboard_gateway,
    "thin_edge": thin_edge,
    "umh": umh,
    "tasmota": tasmota,
    "zigbee2mqtt": zigbee2mqtt,
    "shelly": shelly,
    "shelly_gen1": shelly_gen1,
    "zwave_js_ui": zwave_js_ui,
    "victron": victron,
    "rtl_433": rtl_433,
    "openmqttgateway": openmqttgateway,
    "owntracks": owntracks,
}
