"""Published payloads of network servers and gateways, where this machine has them: they say what their papers say."""

from __future__ import annotations

import json
from datetime import UTC, datetime
from pathlib import Path

import pytest

from iot_assets.decoders.conventions import CONVENTIONS
from iot_assets_tests.decoders.batches import decoded, readings, rejects, values

PAYLOADS = Path(__file__).parents[2].parent / "shared" / "payloads"
#: Where nothing tells a topic.
TOPICS = {
    "aws_sitewise": "sitewise/put",
    "batch_array": "kepserver",
    "chirpstack": "application/app/device/0101010101010101/event/",
    "cloudevents": "cloudevents/any",
    "opcua_pubsub": "opcua/json/data/publisher/group/writer",
    "thethingsstack": "v3/app1@tenant1/devices/dev1/up",
    "wis2": "origin/a/wis2/any/data",
}

pytestmark = pytest.mark.skipif(
    not PAYLOADS.is_dir(), reason=f"SKIPPED: no payloads at {PAYLOADS}; nothing published was decoded"
)


def payload(name: str) -> bytes:
    return (PAYLOADS / name).read_bytes()


def test_each_family_has_its_convention() -> None:
    families = {json.loads(line)["file"].split("/")[0] for line in (PAYLOADS / "index.jsonl").read_text().splitlines()}
    assert {"chirpstack", "thethingsstack", "meshtastic", "opcua_pubsub", "cloudevents", "hsl_hfp", "wis2"} <= (
        families & set(CONVENTIONS)
    )


def test_chirpstack_tells_the_link_and_never_the_bytes() -> None:
    up = decoded([(TOPICS["chirpstack"] + "up", payload("chirpstack/1.json"))])
    assert values(up) == {
        "link.dr": 1,
        "link.rssi": -36,
        "link.snr": 10.5,
        "link.gateways": 1,
        "link.f_cnt": 0,
        "link.f_port": 1,
        "link.frequency": 867_100_000,
        "link.spreading_factor": 11,
        "link.bandwidth": 125_000,
    }
    assert {r["event_at"] for r in readings(up)} == {datetime(2022, 7, 18, 9, 34, 15, 775_023, tzinfo=UTC)}
    status = decoded([(TOPICS["chirpstack"] + "status", payload("chirpstack/2.json"))])
    assert values(status) == {"margin": 10, "externalPowerSource": 0, "batteryLevel": 88.3}


def test_the_things_stack_and_its_published_sample_that_lacks_a_comma() -> None:
    result = decoded(
        [(TOPICS["thethingsstack"], payload(f"thethingsstack/{name}")) for name in ("1.txt", "2.json")],
    )
    assert rejects(result) == {0: "malformed_json"}
    assert values(result, 1)["link.f_port"] == 15
    assert {r["event_at"] for r in readings(result, 1)} == {datetime(2019, 1, 29, 13, 2, 34, 981_000, tzinfo=UTC)}


def test_meshtastic_nodes_say_who_they_are() -> None:
    result = decoded([("msh/US/2/json/LongFast/!7efeee00", payload("meshtastic/1.json"))])
    (node,) = result.announcements.to_pylist()
    assert node["device_id"] == "!7efeee00"
    assert json.loads(node["attributes"]) == {"hardware": 10, "longname": "base0", "shortname": "BA0"}


def test_sitewise_values_have_exact_times() -> None:
    result = decoded([(TOPICS["aws_sitewise"], payload(f"aws_sitewise/{n}.json")) for n in (1, 2)])
    assert [(r["device_id"], r["metric"], r["value"], r["event_at"]) for r in readings(result)] == [
        ("company/windfarm/3/turbine/7", "power", 4.92, datetime(2019, 12, 7, 4, tzinfo=UTC)),
        ("company/windfarm/3/turbine/7", "temperature", 38, datetime(2019, 12, 7, 4, tzinfo=UTC)),
        ("Gnn6000_21-101-AGICODE", "value", 4, datetime(2023, 4, 7, 12, 12, 0, 993_000, tzinfo=UTC)),
    ]


def test_opc_ua_fields_have_times_of_their_own_cut_to_the_microsecond() -> None:
    result = decoded([(TOPICS["opcua_pubsub"], payload(f"opcua_pubsub/{n}.json")) for n in (1, 2)])
    assert rejects(result) == {}
    assert values(result, 0) == {
        "AlternatingBoolean": 1,
        "StepUp": 23_305,
        "RandomSignedInt32": 1_076_635_612,
        "RandomUnsignedInt32": 1_461_169_798,
    }
    assert [r["event_at"].microsecond for r in readings(result, 0)] == [931_309, 331_353, 341_916, 341_972]
    assert values(result, 1) == {"StepUp": 21_713}


def test_cloud_events_by_what_their_data_is() -> None:
    names = ["1.json", "2.json", "4.json", "mqtt_binding.txt"]
    result = decoded([(TOPICS["cloudevents"], payload(f"cloudevents/{name}")) for name in names])
    assert rejects(result) == {0: "unread_content", 1: "unread_content", 3: "malformed_json"}
    assert values(result) == {"value": 1.5}


def test_trams_on_a_topic_with_spaces() -> None:
    topic = "/hfp/v2/journey/ongoing/vp/tram/0040/00648/1004 4/2/Katajanokka/07:40/1080403/3/60;24/19/66/72"
    old = "/hfp/v1/journey/ongoing/bus/0022/00792/2118B/2/Tapiola/16:23/2241237/5/60;24/17/84/15"
    result = decoded(
        [(topic, payload("hsl_hfp/2.json")), (old, payload("hsl_hfp/1.json"))],
        received_at=datetime(2026, 9, 29, 4, 53, 46, tzinfo=UTC),
    )
    assert {r["device_id"] for r in readings(result, 0)} == {"0040/00648"}
    assert {r["event_at"] for r in readings(result, 0)} == {datetime(2026, 9, 29, 4, 53, 45, 256_000, tzinfo=UTC)}
    assert values(result, 0)["route"] == "1004 4"
    assert "stop" not in values(result, 0)
    assert values(result, 1)["spd"] == 0.16


def test_notifications_of_weather_data_are_no_telemetry() -> None:
    result = decoded([(TOPICS["wis2"], payload(f"wis2/{n}.json")) for n in (1, 2)])
    assert result.outcomes["status"].to_pylist() == ["not_telemetry", "not_telemetry"]


def test_kepserver_rows_mix_whole_and_other_numbers() -> None:
    result = decoded([(TOPICS["batch_array"], payload("batch_array/2.json"))])
    assert [(r["device_id"], r["metric"], r["value"]) for r in readings(result)] == [
        ("Group A.Device C - D", "Tag 42", 1291),
        ("Group B.Device A - F", "Tag 7", 185.2),
    ]
