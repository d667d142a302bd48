"""Messages of lines, of values that the topic explains, and of SenML, for ``decode.py``."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from typing import Any, Final

import cbor2

_NOON: Final = 1_767_268_800  # 2026-01-01 12:00 UTC, the received time
_LABELS: Final = {"bn": -2, "bt": -3, "n": 0, "u": 1, "v": 2}


def _values(n: int, rng: random.Random) -> dict[str, float]:
    return {
        "temperature": round(rng.uniform(-10, 40), 2),
        "humidity": round(rng.uniform(20, 90), 2),
        "pressure": round(rng.uniform(950, 1050), 1),
        "battery_level": round(rng.uniform(0, 100), 1),
        "rssi": -rng.randrange(30, 90),
        "uptime": n,
    }


def text_lines(n: int, rng: random.Random) -> tuple[str, bytes]:
    lines = [f"{_NOON - n % 3600} {name} {value}" for name, value in _values(n, rng).items()]
    return f"lines/d{n % 1000}", "\n".join(lines).encode()


def csv_lines(n: int, rng: random.Random) -> tuple[str, bytes]:
    values = _values(n, rng)
    row = ",".join(map(str, values.values()))
    return f"csv/d{n % 1000}", f"ts,{','.join(values)}\n{_NOON - n % 3600},{row}\n".encode()


def influx_line(n: int, rng: random.Random) -> tuple[str, bytes]:
    fields = ",".join(f"{name}={value}" for name, value in _values(n, rng).items())
    line = f"environment,host=d{n % 1000},room=r{n % 7} {fields} {(_NOON - n % 3600) * 10**9 + n}"
    return f"telegraf/d{n % 1000}/environment", line.encode()


def _pack(n: int, rng: random.Random) -> list[dict[str, Any]]:
    first, *others = [{"n": name, "v": value} for name, value in _values(n, rng).items()]
    return [{"bn": f"urn:dev:mac:{n % 1000:016x}:", "bt": _NOON - n % 3600 - 0.5, "u": "Cel", **first}, *others]


def senml_json(n: int, rng: random.Random) -> tuple[str, bytes]:
    return "senml/x", json.dumps(_pack(n, rng)).encode()


def senml_cbor(n: int, rng: random.Random) -> tuple[str, bytes]:
    pack = [{_LABELS[name]: value for name, value in record.items()} for record in _pack(n, rng)]
    return "senml/x", cbor2.dumps(pack)


def collectd(n: int, rng: random.Random) -> tuple[str, bytes]:
    return f"collectd/d{n % 1000}/load/load", f"{_NOON - n % 3600}.{n % 1000:03}:{rng.random():.2f}:0.2:0.3".encode()


def smartrest(n: int, rng: random.Random) -> tuple[str, bytes]:
    lines = [f"200,c8y_Environment,{name},{value}" for name, value in _values(n, rng).items()]
    return f"c8y/s/us/d{n % 1000}", "\n".join(lines).encode()


def homie(n: int, rng: random.Random) -> tuple[str, bytes]:
    return f"homie/5/d{n % 1000}/engine/temperature", f"{rng.uniform(-10, 40):.2f}".encode()


CASES: Final[dict[str, Callable[[int, random.Random], tuple[str, bytes]]]] = {
    "text_lines, six lines": text_lines,
    "csv_lines, six metrics": csv_lines,
    "influx_line, six fields": influx_line,
    "senml, six records in JSON": senml_json,
    "senml, six records in CBOR": senml_cbor,
    "collectd, three values": collectd,
    "smartrest, six lines": smartrest,
    "homie, one value": homie,
}
