"""The registry in CSV and TOML: the same as in JSON, and faults that say where they are and what to do."""

from __future__ import annotations

import json
import re
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.decoders.registry import RegistryFault, RegistrySnapshot, decode_registry
from iot_assets.model import REJECT_REASONS

AS_JSON = json.dumps(
    [
        {"id": "S 1", "type": "temperature", "unit": "Cel", "min": -20, "max": 60, "lat": 47, "lng": 8.5, "floor": "2"},
        {"id": "S 2", "site": "north", "installed_at": "2024-05-01T08:00:00+00:00", "interval_s": 60,
         "metrics": {"flow": {"unit": "L/min", "min": 0}, "power": {"unit": "W", "max": 900}}},
    ]
)  # fmt: skip
AS_TOML = """
[[sensors]]
id = "S 1"
type = "temperature"
unit = "Cel"
min = -20
max = 60
location = { lat = 47, lng = 8.5 }
floor = "2"

[[sensors]]
id = "S 2"
site = "north"
installed_at = 2024-05-01T10:00:00+02:00
interval_s = 60
metrics.flow = { unit = "L/min", min = 0 }
metrics.power = { unit = "W", max = 900 }
"""
AS_CSV = """\
id,type,metric,unit,min,max,lat,lng,site,installed_at,interval_s,floor
S 1,temperature,,Cel,-20,60,47,8.5,,,,2

S 2,,flow,L/min,0,,,,north,2024-05-01T08:00:00Z,60,
S 2,,power,W,,900,,,,,,
"""


def read(text: str, name: str) -> tuple[list[Any], list[Any]]:
    found = decode_registry(text.encode(), name)
    assert isinstance(found, RegistrySnapshot), found
    return found.devices.to_pylist(), found.metrics.to_pylist()


def fault(text: str, name: str = "sensors.csv") -> RegistryFault:
    found = decode_registry(text.encode(), name)
    assert isinstance(found, RegistryFault), found
    return found


@pytest.mark.parametrize(
    ("text", "name"),
    [
        (AS_TOML, "sensors.toml"),
        (AS_CSV, "sensors.csv"),
        (AS_CSV.replace(",", ";"), "sensors.csv"),
        (AS_CSV.replace(",", "\t"), "sensors.tsv"),
        ("\ufeff" + AS_CSV.replace("\n", "\r\n"), "Sensors.CSV"),
    ],
    ids=["toml", "csv", "semicolons", "tabs", "as spreadsheets write it"],
)
def test_every_format_says_the_same_as_json(text: str, name: str) -> None:
    devices, metrics = read(text, name)
    assert (devices, metrics) == read(AS_JSON, "sensors.json")
    assert devices[1]["installed_at"] == datetime(2024, 5, 1, 8, tzinfo=UTC)


def test_toml_may_name_devices_by_its_tables() -> None:
    assert read('["S 1"]\nkind = "x"', "a.toml") == read('{"S 1": {"kind": "x"}}', "a.json")
    assert read('[devices."S 1"]\nkind = "x"', "a.toml") == read('{"S 1": {"kind": "x"}}', "a.json")


def test_cells_may_be_quoted_and_hold_what_separates() -> None:
    devices, _ = read('id,site,note\n"S, ""1""","a\nb",x\n', "a.csv")
    assert [(d["device_id"], d["site"], json.loads(d["attributes"])) for d in devices] == [
        ('S, "1"', "a\nb", {"note": "x"})
    ]


def test_a_name_without_a_known_ending_is_read_as_json() -> None:
    assert read('{"a": {}}', "registry") == read('{"a": {}}', "registry.json")


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        (" \n", "empty_payload", "sensors.csv: the file is empty"),
        ("\ufeff", "empty_payload", "sensors.csv: the file is empty"),
        (";;", "malformed_registry", "sensors.csv: line 1: it names no columns"),
        ("id,id\na,b", "malformed_registry", "sensors.csv: line 1: each column must have a name of its own"),
        ("id,lat\na,1\nb", "malformed_registry", "sensors.csv: line 3: it has 1 cells, and the header names 2 columns"),
        ('id,lat\n"a,1', "malformed_registry", "sensors.csv: line 2: this is no CSV"),
        ("name,lat\na,1", "missing_device", "sensors.csv: line 2: an entry has none of id, device_id, sensor_id"),
        ("id,lat\n,1", "missing_device", "line 2"),
        ("id,lat\na,1\nb,north", "bad_value", "line 3: lat is 'north', not a number such as 47.5"),
        ("id;lat\na;47,5", "bad_value", "line 2: lat is '47,5', not a number such as 47.5"),
        ("id,lat\na,91", "bad_value", "line 2: a: lat 91.0 is beyond 90 degrees"),
        ("id,metric,min,max\na,t,5,1", "bad_value", "line 2: a, t: min 5.0 is more than max 1.0"),
        ("id,site\na,x\nb,y\na,x", "bad_device", "line 4: a stands in line 2 already; a device may have several lines"),
        ("id,metric\na,t\na,t", "bad_metric", "line 3: a stands in line 2 already; a device may"),
        ("id,metric,site\na,t,x\na,h,y", "bad_device", "line 3: site is 'y', and 'x' in a line before"),
        ("id,installed_at\na,yesterday", "bad_time", "line 2: a: installed_at 'yesterday' is no ISO 8601 time"),
    ],
)  # fmt: skip
def test_a_fault_in_csv_names_its_line(text: str, reason: str, words: str) -> None:
    found = fault(text)
    assert (found.reason, words in found.detail) == (reason, True), found.detail


@pytest.mark.parametrize(
    ("text", "reason", "words"),
    [
        ("[a", "malformed_registry", "sensors.toml: this is no TOML: "),
        ("a = {}\nb = x", "malformed_registry", "line 2"),
        ("a = {lat = nan}", "bad_value", "nan is no number"),
        ('[[sensors]]\nid = "a"\n[[sensors]]\nlat = 1', "missing_device", "sensors.toml: entry 2: "),
        ('[[sensors]]\nid = "a"\n[[sensors]]\nid = "b"\nlat = "x"', "bad_value", "entry 2: b: lat is 'x'"),
    ],
)
def test_a_fault_in_toml_names_its_place(text: str, reason: str, words: str) -> None:
    found = fault(text, "sensors.toml")
    assert (found.reason, words in found.detail) == (reason, True), found.detail


LINES = st.lists(st.text('id,;lat\tmerica"\n1.-é ', max_size=30), max_size=5).map("\n".join)


@given(
    text=LINES | LINES.map("id,metric,lat,min,max\n{}".format) | st.text(max_size=60),
    name=st.sampled_from(["a.csv", "a.toml"]),
)
@settings(max_examples=300)
def test_any_text_is_a_registry_or_a_reason(text: str, name: str) -> None:
    found = decode_registry(text.encode("utf-8", "surrogatepass"), name)
    if isinstance(found, RegistryFault):
        assert found.reason in set(REJECT_REASONS) - {"decoder_failed"}, found


def test_the_examples_of_the_docs_are_read_and_say_the_same_of_the_same_metrics() -> None:
    page = (Path(__file__).parents[2] / "docs" / "registry.md").read_text(encoding="utf-8")
    found = {name: re.findall(rf"```{name}\n(.*?)```", page, re.DOTALL) for name in ("csv", "toml", "json")}
    said = [read(text, f"sensors.{name}") for name, (text,) in found.items()]
    for devices, metrics in said:
        assert [device["device_id"] for device in devices] == ["Sensor 1", "station_1"]
        assert (metrics[-2]["metric"], metrics[-2]["unit"], metrics[-2]["min"]) == ("temperature", "Cel", -50.0)
        assert metrics[0]["max"] == 45.0
        assert metrics[-1]["unit"] == "%"
