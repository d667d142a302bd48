"""A user's own decoder: the example of the docs works, and whatever it does wrong costs only the message at hand."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest

from iot_assets.decoders.routes import Route, RouteTable
from iot_assets.decoders.sheet import Sheet, Unreadable
from iot_assets.errors import SettingsError
from iot_assets_tests.decoders.batches import decoded, readings, rejects, values

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message

EXAMPLES = Path(__file__).parents[2] / "docs" / "examples"
POOL = {"units": {"t": "degF"}, "convert": {"t": "Cel"}, "own": {"switches": ["pump"]}}


def spiteful(message: Message, options: Any, sheet: Sheet) -> None:
    """Measures, and then does what the payload says."""
    del options
    sheet.measure("before", 1)
    match message.payload:
        case b"raise":
            raise ValueError("no such pump")
        case b"metric":
            sheet.measure(7, 1)  # type: ignore[arg-type]
        case b"value":
            sheet.measure("x", object())  # type: ignore[arg-type]
        case b"device":
            sheet.record(b"\xff")  # type: ignore[arg-type]
        case b"surrogate":
            sheet.measure("x", "\ud800")
        case b"flags":
            sheet.measure("x", 1, flags=1 << 10)
        case b"reason":
            sheet.reject("because", "I say so")
        case b"announce":
            sheet.announce("x", installed_at="yesterday")
        case b"unreadable":
            raise Unreadable("bad_value", "it is a fish")


def faulty(message: Message, options: Any, sheet: Sheet) -> None:
    """Measures nothing before it tells of a fault."""
    del options
    if message.payload == b"good":
        sheet.measure("x", 1)
    else:
        sheet.fault("x", "bad_value", "no number")


def announcing(message: Message, options: Any, sheet: Sheet) -> None:
    """Announces a metric in the unit that the payload names."""
    del options
    sheet.not_telemetry()
    sheet.announce_metric("x", "t", unit=message.text())


SPITEFUL = Route("own/{device}", f"python:{__name__}:spiteful")


def test_a_fault_told_before_anything_else_is_a_fault_of_its_own_message() -> None:
    route = Route("own/{device}", f"python:{__name__}:faulty")
    result = decoded([("own/a", b"good"), ("own/b", b"bad"), ("own/c", b"good")], route)
    assert rejects(result) == {1: "bad_value"}
    assert [reading["device_id"] for reading in readings(result)] == ["a", "c"]


def test_the_example_of_the_docs_reads_its_messages(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.syspath_prepend(EXAMPLES)
    route = Route("pool/{device}", "python:pool_decoder:read", POOL)
    result = decoded([("pool/north", b"PH=7.21;T=79.7;PUMP=on;AT=1762937000\n"), ("pool/north", b"PH")], route)
    assert values(result, 0) == {"ph": 7.21, "t": 26.5, "pump": 1.0}
    assert {r["metric"]: r["unit"] for r in readings(result)} == {"ph": None, "t": "Cel", "pump": None}
    assert {(r["device_id"], str(r["event_at"])) for r in readings(result)} == {("north", "2025-11-12 08:43:20+00:00")}
    assert rejects(result) == {1: "malformed_line"}
    assert result.outcomes["decoder"].to_pylist() == ["python:pool_decoder:read"] * 2


@pytest.mark.parametrize(
    "payload", [b"raise", b"metric", b"value", b"device", b"surrogate", b"flags", b"reason", b"announce"]
)
def test_whatever_goes_wrong_in_it_rejects_that_message_and_no_other(payload: bytes) -> None:
    many = [("own/a", payload), ("own/b", b"fine")] * 300
    result = decoded(many, SPITEFUL)
    assert rejects(result) == dict.fromkeys(range(0, 600, 2), "decoder_failed")
    assert [r["device_id"] for r in readings(result)] == ["b"] * 300


def test_its_error_is_what_the_reject_says() -> None:
    (reject,) = decoded([("own/a", b"raise")], SPITEFUL).rejects.to_pylist()
    assert reject["detail"] == "ValueError: no such pump"


def test_what_it_calls_unreadable_keeps_what_it_said_before() -> None:
    result = decoded([("own/a", b"unreadable")], SPITEFUL)
    assert values(result) == {"before": 1.0}
    assert rejects(result) == {0: "bad_value"}


def test_units_of_what_it_announces_become_codes_too() -> None:
    route = Route("own/{device}", f"python:{__name__}:announcing")
    (announced,) = decoded([("own/a", "°F".encode())], route).announced_metrics.to_pylist()
    assert announced["unit"] == "[degF]"


def test_a_module_in_the_current_folder_is_found(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    (tmp_path / "decoder_of_this_folder.py").write_text("def read(message, options, sheet): sheet.measure('m', 3)\n")
    monkeypatch.chdir(tmp_path)
    monkeypatch.setattr(sys, "path", [*sys.path])
    route = Route("x/{device}", "python:decoder_of_this_folder:read")
    assert values(decoded([("x/a", b"1")], route)) == {"m": 3.0}


@pytest.mark.parametrize(
    ("path", "words"),
    [
        ("python:", "should be python:package.module:function"),
        ("python:just_a_module", "should be python:package.module:function"),
        ("python:no_such_module:read", "ModuleNotFoundError: No module named 'no_such_module'"),
        (f"python:{__name__}:no_such_function", "AttributeError"),
        (f"python:{__name__}:EXAMPLES", "is no function"),
        ("pyhton:x:y", "there is no convention 'pyhton:x:y'"),
    ],
)
def test_a_wrong_path_is_told_at_the_start(path: str, words: str) -> None:
    with pytest.raises(SettingsError, match="route 'a'") as caught:
        RouteTable([Route("a", path)])
    assert words in caught.value.problems[0]
