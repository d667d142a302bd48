"""Real samples, where this machine has them: what is decoded equals a plain reading of the same lines."""

from __future__ import annotations

import gzip
import json
from datetime import UTC, datetime
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest

from iot_assets.decoders.registry import RegistrySnapshot, decode_registry
from iot_assets.decoders.routes import Route
from iot_assets_tests.decoders.batches import decoded, readings, rejects

SAMPLES = Path(__file__).parents[2].parent / "shared" / "samples"
AFTER = datetime(2026, 11, 21, tzinfo=UTC)

pytestmark = pytest.mark.skipif(
    not SAMPLES.is_dir(), reason=f"SKIPPED: no samples at {SAMPLES}; nothing real was decoded"
)


def lines(name: str) -> list[bytes]:
    return (SAMPLES / name).read_bytes().splitlines()


def test_the_lab_day_in_its_own_zone() -> None:
    berlin = ZoneInfo("Europe/Berlin")
    for path in sorted((SAMPLES / "lab_2025-11-12").glob("*.gz"))[:2]:
        payloads = gzip.decompress(path.read_bytes()).splitlines()[:5_000]
        result = decoded(
            [("sensors", p) for p in payloads],
            Route("sensors", "sensor_value", {"timezone": "Europe/Berlin"}),
            received_at=AFTER,
        )
        said = [json.loads(p) for p in payloads]
        assert [(r["device_id"], r["value"], r["event_at"]) for r in readings(result)] == [
            (s["id"], s["value"], datetime.fromisoformat(s["dt"]).replace(tzinfo=berlin, fold=1).astimezone(UTC))
            for s in said
        ]


def test_both_versions_of_telemetry() -> None:
    payloads = lines("telemetry_v1_v2.jsonl")
    result = decoded([("telemetry/x", payload) for payload in payloads], received_at=AFTER)
    assert rejects(result) == {}
    found: list[dict[str, Any]] = [{} for _ in payloads]
    for reading in readings(result):
        found[reading["row"]][reading["metric"]] = reading["value"]
    for payload, metrics in zip(payloads, found, strict=True):
        said = json.loads(payload)
        expected = {name: value for name, value in said.items() if isinstance(value, float)}
        expected |= {f"location.{name}": value for name, value in said.get("location", {}).items()}
        assert metrics == expected


def test_a_capture_of_both_sensor_formats() -> None:
    captured = [json.loads(line) for line in lines("mqtt_capture.jsonl")]
    result = decoded([(c["topic"], json.dumps(c["payload"]).encode()) for c in captured], received_at=AFTER)
    assert rejects(result) == {}
    assert [r["value"] for r in readings(result)] == [c["payload"]["value"] for c in captured]


def test_both_registries_declare_the_same_devices() -> None:
    a, b = (decode_registry((SAMPLES / f"sensors_{name}.json").read_bytes(), f"sensors_{name}.json") for name in "ab")
    assert isinstance(a, RegistrySnapshot)
    assert isinstance(b, RegistrySnapshot)
    assert (
        a.devices["device_id"].to_pylist() == b.devices["device_id"].to_pylist() == [f"Sensor {n}" for n in range(1, 6)]
    )
    assert a.metrics.drop_columns(["description"]).equals(b.metrics.drop_columns(["description"]))
    assert set(a.metrics["max"].to_pylist()) == {45.0}
