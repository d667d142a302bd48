"""How fast the decoders are: messages a second on one core, per convention, with peak memory.

    python benchmarks/decode.py --messages 20000

Each convention runs in a process of its own, so that its peak memory is its own, and has one core; what is counted is
processor time. The batch is made before the clock starts and counts in the memory.
"""

from __future__ import annotations

import json
import multiprocessing
import os
import random
import resource
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import json_messages
import pyarrow as pa
import text_messages

from iot_assets.bench.figures import Figures
from iot_assets.bench.script import parser
from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.readers.sparkplug_schema import Payload
from iot_assets.decoders.routes import RouteTable

HERE = Path(__file__).parent
NOW = datetime(2026, 1, 1, 12, tzinfo=UTC)


def _values(rng: random.Random) -> dict[str, Any]:
    return {
        "temperature": round(rng.uniform(-10, 40), 2),
        "humidity": round(rng.uniform(20, 90), 2),
        "pressure": round(rng.uniform(950, 1050), 1),
        "battery_level": round(rng.uniform(0, 100), 1),
    }


def sensor_value(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    at = NOW - timedelta(seconds=n % 3600, microseconds=rng.randrange(10**6))
    return "sensors", {"id": f"Sensor {n % 5}", "dt": at.replace(tzinfo=None).isoformat(), "value": rng.randrange(46)}


def telemetry(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    at = NOW - timedelta(seconds=n % 3600, microseconds=rng.randrange(10**6))
    body = {"timestamp": at.isoformat(), "device_id": f"device_{n % 100:03}", **_values(rng)}
    if n % 2:
        body["location"] = {"lat": round(rng.uniform(-90, 90), 6), "lon": round(rng.uniform(-180, 180), 6)}
    return f"telemetry/{n % 100}", body


def flat_json(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    body = {"ts": int(NOW.timestamp()) - n % 3600, **_values(rng), "rssi": -rng.randrange(30, 90), "uptime": n}
    return f"devices/d{n % 1000}/state", body


def nested_json(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    air, power = _values(rng), {"voltage": 230.1, "current": round(rng.random(), 3), "relay": bool(n % 2)}
    body = {"ts": int(NOW.timestamp()) - n % 3600, "air": air, "power": power, "wifi": {"rssi": -60, "ssid": "field"}}
    return f"devices/d{n % 1000}/state", body


def chirpstack(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    device, time = f"24e124136b5{n % 1000:05}", _iso(n)
    lora = {"bandwidth": 125000, "spreadingFactor": 7, "codeRate": "CR_4_5"}
    body = {
        "deduplicationId": f"3ac7e3c4-4401-4b8d-9386-{n:012}",
        "time": time,
        "deviceInfo": {"tenantName": "Farm", "applicationName": "Barn", "deviceName": "north", "devEui": device},
        "dr": 5,
        "fCnt": n,
        "fPort": 85,
        "data": "A2cPAQRobA==",
        "object": _values(rng),
        "rxInfo": [{"gatewayId": "0016c001f153a14c", "rssi": -97, "snr": 4.2}],
        "txInfo": {"frequency": 867100000, "modulation": {"lora": lora}},
    }
    return f"application/17c82e96/device/{device}/event/up", body


def thethingsstack(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    device = f"dev{n % 1000}"
    uplink = {
        "f_port": 1,
        "f_cnt": n,
        "frm_payload": "gkHe",
        "decoded_payload": _values(rng),
        "rx_metadata": [{"gateway_ids": {"gateway_id": "gtw1"}, "rssi": -35, "channel_rssi": -35, "snr": 5}],
        "settings": {"data_rate": {"lora": {"bandwidth": 125000, "spreading_factor": 7}}, "frequency": "868300000"},
        "received_at": _iso(n),
        "consumed_airtime": "0.056576s",
    }
    return f"v3/farm@tenant1/devices/{device}/up", {"end_device_ids": {"device_id": device}, "uplink_message": uplink}


def meshtastic(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    said = {
        "battery_level": rng.randrange(100),
        "voltage": round(rng.uniform(3, 4), 3),
        "air_util_tx": 0.5,
        "channel_utilization": 3.1,
        "uptime_seconds": n,
    }
    body = {"from": n % 1000, "id": n, "payload": said, "timestamp": int(NOW.timestamp()), "type": "telemetry"}
    return "msh/EU_868/2/json/LongFast/!7efeee00", {**body, "rssi": -87, "snr": 6.25}


def sitewise(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    at = {"timeInSeconds": int(NOW.timestamp()) - n % 3600, "offsetInNanos": 123456789}
    entries = [
        {
            "propertyAlias": f"/plant/{n % 1000}/{name}",
            "propertyValues": [{"value": {"doubleValue": v}, "timestamp": at}],
        }
        for name, v in (*_values(rng).items(), ("power", 1.5), ("speed", 80.0))
    ]
    return "sitewise/put", {"entries": entries}


def opcua_pubsub(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    time = _iso(n)
    fields = {**_values(rng), "power": 1.5, "running": True}
    payload = {name: {"Value": value, "SourceTimestamp": time} for name, value in fields.items()}
    said = {
        "DataSetWriterName": f"oven{n % 1000}",
        "MessageType": "ua-deltaframe",
        "Timestamp": time,
        "Payload": payload,
    }
    return "opcua/json/data/plc7/line/oven", {"MessageType": "ua-data", "PublisherId": "plc7", "Messages": [said]}


def cloudevents(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    body = {"specversion": "1.0", "type": "measured", "source": f"/barn/{n % 1000}", "id": str(n), "time": _iso(n)}
    return "cloudevents/barn", {**body, "data": {**_values(rng), "power": 1.5, "running": True}}


def hsl_hfp(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    said = {"desi": "4", "dir": "2", "oper": 40, "veh": n % 1000, "tst": _iso(n), "spd": 4.2, "hdg": 36, "acc": 0.2}
    said |= {
        "lat": round(rng.uniform(60, 61), 6),
        "long": 24.962017,
        "dl": -111,
        "odo": n,
        "drst": 0,
        "route": "1004 4",
    }
    return f"/hfp/v2/journey/ongoing/vp/tram/0040/{n % 1000:05}/1004 4/2/Katajanokka/07:40/1080403/3/60;24", {
        "VP": said
    }


def kepserver(n: int, rng: random.Random) -> tuple[str, dict[str, Any]]:
    at = int(NOW.timestamp() * 1000) - n
    fields = (*_values(rng).items(), ("power", 1.5), ("running", True))
    values = [{"id": f"Line1.Oven{n % 1000}.{name}", "v": value, "q": True, "t": at} for name, value in fields]
    return "iotgateway", {"timestamp": at, "values": values}


def sparkplug_b(n: int, rng: random.Random) -> tuple[str, bytes]:
    """A hundred births, and then data of six metrics by alias."""
    device, at = f"oven{n % 100}", int(NOW.timestamp() * 1000) - n % 3600 * 1000
    born = n < 100
    payload = Payload(timestamp=at, seq=n % 256)
    for alias, name in enumerate(("temperature", "humidity", "pressure", "speed", "count", "running"), 1):
        metric = payload.metrics.add(alias=alias, timestamp=at)
        if born:
            metric.name, metric.datatype = name, {"speed": 9, "count": 3, "running": 11}.get(name, 10)
        match name:
            case "speed":
                metric.float_value = rng.random()
            case "count":
                metric.int_value = 2**32 - 1 - rng.randrange(1000)
            case "running":
                metric.boolean_value = bool(n % 2)
            case _:
                metric.double_value = round(rng.uniform(0, 1000), 2)
    return f"spBv1.0/plant/{'DBIRTH' if born else 'DDATA'}/press/{device}", payload.SerializeToString()


def _iso(n: int) -> str:
    return (NOW - timedelta(seconds=n % 3600, microseconds=n)).isoformat()


CASES: dict[str, Callable[[int, random.Random], tuple[str, Any]]] = {
    "sensor_value": sensor_value,
    "telemetry": telemetry,
    "flat_json, six metrics": flat_json,
    "flat_json, nested": nested_json,
    **json_messages.CASES,
    **text_messages.CASES,
    "chirpstack": chirpstack,
    "thethingsstack": thethingsstack,
    "meshtastic": meshtastic,
    "sitewise": sitewise,
    "opcua_pubsub": opcua_pubsub,
    "cloudevents": cloudevents,
    "hsl_hfp": hsl_hfp,
    "kepserver": kepserver,
    "sparkplug_b, six metrics by alias": sparkplug_b,
}


def batch(case: str, messages: int) -> pa.Table:
    rng = random.Random(1)
    made = [CASES[case](n, rng) for n in range(messages)]
    return pa.table(
        {
            "source": pa.repeat("mqtt", messages),
            "topic": [topic for topic, _ in made],
            "payload": pa.array([_written(body) for _, body in made], pa.binary()),
            "content_type": pa.nulls(messages, pa.string()),
            "attributes": pa.nulls(messages, pa.string()),
            "received_at": pa.repeat(pa.scalar(NOW, pa.timestamp("us", tz="UTC")), messages),
        }
    )


def _written(body: Any) -> bytes:
    return body if isinstance(body, bytes) else json.dumps(body).encode()


def measure(case: str, messages: int, repetitions: int) -> tuple[list[float], int, float]:
    """CPU seconds of each repetition, readings of a batch, and the process's memory; in a process of its own."""
    os.sched_setaffinity(0, {min(os.sched_getaffinity(0))})
    table, routes, bounds = batch(case, messages), RouteTable(), Bounds()
    seconds, readings = [], 0
    for _ in range(repetitions):
        start = time.process_time()
        decoded = decode(table, routes, bounds)
        seconds.append(time.process_time() - start)
        assert decoded.rejects.num_rows == 0, decoded.rejects
        readings = decoded.readings.num_rows
        del decoded
    return seconds, readings, resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--messages", type=int, default=250_000)
    asked.add_argument("--only", default="", help="only conventions whose name begins so; the figures are not kept")
    given = asked.parse_args()
    spawn = multiprocessing.get_context("spawn")
    figures = Figures("decode", messages=given.messages)
    for case in (case for case in CASES if case.startswith(given.only)):
        with spawn.Pool(1) as pool:
            seconds, readings, peak_mb = pool.apply(measure, (case, given.messages, given.repetitions))
        per_message = readings / given.messages
        name = case if per_message == 1 else f"{case} ({per_message:.3g} readings a message)"
        cpu = [one / given.messages for one in seconds]
        figures.add(name, "messages/s", [1 / one for one in cpu], cpu_seconds=cpu, peak_mb=[peak_mb])
    if not given.only:
        figures.keep(given.into)


if __name__ == "__main__":
    main()
