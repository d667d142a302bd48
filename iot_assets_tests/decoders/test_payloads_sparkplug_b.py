"""Published Sparkplug payloads, where this machine has them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from iot_assets_tests.decoders.batches import decoded, readings, rejects, values

FOLDER = Path(__file__).parents[2].parent / "shared" / "payloads" / "sparkplug_b"

pytestmark = pytest.mark.skipif(not FOLDER.is_dir(), reason=f"SKIPPED: no payloads at {FOLDER}; nothing real was read")


def sent(kind: str, name: str) -> tuple[str, bytes]:
    return f"spBv1.0/G/{kind}", (FOLDER / f"{name}.bin").read_bytes()


def test_a_node_is_born_measures_and_dies() -> None:
    stream = [("NBIRTH/N", "NBIRTH_V1"), ("NDATA/N", "NDATA_GAP"), ("NDATA/N", "NDATA_WRAPAROUND")]
    result = decoded([sent(*message) for message in [*stream, ("NDEATH/N", "NDEATH_V1")]])
    assert values(result, 0) == {"bdSeq": 88.0, "Node Control/Rebirth": 0.0, "Temperature": 21.5, "online": 1.0}
    assert [values(result, row) for row in (1, 2)] == [{"Temperature": 27.0}, {"Temperature": 30.0}]
    assert result.outcomes["status"][3].as_py() == "not_telemetry", "its session, 0, is not the one that was born, 88"


def test_a_large_birth() -> None:
    found = values(decoded([sent("NBIRTH/N", "NBIRTH_LARGE")]))
    assert len(found) == 102 + 1
    assert (found["Metric_1"], found["Metric_100"]) == (1.5, 150.0)


def test_a_device_with_a_null_a_negative_integer_and_times_of_its_own() -> None:
    result = decoded([sent("DBIRTH/N/D", "derived_DBIRTH"), sent("DDATA/N/D", "derived_DDATA")])
    assert values(result, 0)["Properties/Signed"] == -5.0
    assert values(result, 0)["State"] == "RUNNING"
    assert values(result, 1) == {"Inputs/Temperature": 21.75, "Counters/Parts": 2.0**40 + 8, "Properties/Signed": -6.0}
    assert len({reading["event_at"] for reading in readings(result, 1)}) == 3


def test_a_data_set() -> None:
    found: dict[str, Any] = values(decoded([sent("DDATA/N/D", "derived_DDATA_dataset")]))
    assert set(found) == {"Table.0.t", "Table.0.v", "Table.1.t", "Table.1.v"}
    assert (found["Table.0.v"], found["Table.1.v"]) == (0.0, 1.5)


def test_what_is_no_protobuf_is_a_reject() -> None:
    assert rejects(decoded([("spBv1.0/G/NDATA/N", (FOLDER / "spec_1.json.txt").read_bytes())])) == {
        0: "malformed_protobuf"
    }
