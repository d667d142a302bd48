"""The common options mean the same for every convention, whichever engine reads it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from iot_assets.decoders.conventions import CONVENTIONS
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets_tests.decoders.batches import Message, decoded, readings
from iot_assets_tests.decoders.test_golden import CASES

if TYPE_CHECKING:
    from iot_assets.decoders import by_message
    from iot_assets.decoders.sheet import Sheet

BUILT_IN = RouteTable()


def reader(message: by_message.Message, options: Any, sheet: Sheet) -> None:
    """Reads what flat_json reads, a message at a time."""
    del options
    body = message.json_object()
    time = body.pop("time", None)
    sheet.record(body.pop("id", None), time=None if time is None else str(time))
    for name, value in body.items():
        inner = value if isinstance(value, dict) else {"": value}
        for below, number in inner.items():
            sheet.measure(f"{name}.{below}".rstrip("."), number)


ENGINES = {"columns": "flat_json", "messages": f"python:{__name__}:reader"}
BODY = b'{"id": "d1", "time": "2025-11-12T08:00:00", "t": 20, "h": {"x": 50, "y": 60}}'


def told(engine: str, body: bytes = BODY, topic: str = "a/b", pattern: str = "a/b", **options: Any) -> list[Any]:
    return readings(decoded([(topic, body)], Route(pattern, ENGINES[engine], options)))


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("options", "metrics"),
    [
        ({}, ["t", "h.x", "h.y"]),
        ({"prefix": "site."}, ["site.t", "site.h.x", "site.h.y"]),
        ({"keep": "h"}, ["h.x", "h.y"]),
        ({"keep": ["t", "h.y"]}, ["t", "h.y"]),
        ({"drop": "h"}, ["t"]),
        ({"keep": "h", "drop": "h.x", "prefix": "p/"}, ["p/h.y"]),
        ({"rename": {"t": "temperature"}, "drop": ["h"]}, ["temperature"]),
        ({"rename": {"t": "h.z"}, "keep": "h"}, ["h.z", "h.x", "h.y"]),
    ],
    ids=str,
)
def test_metrics_are_chosen_and_named(engine: str, options: dict[str, Any], metrics: list[str]) -> None:
    assert [r["metric"] for r in told(engine, **options)] == metrics


@pytest.mark.parametrize("engine", ENGINES)
def test_units_limits_and_conversions_go_by_the_name_without_the_prefix(engine: str) -> None:
    options: dict[str, Any] = {
        "units": {"t": "F", "h.x": "%"},
        "convert": {"t": "Cel"},
        "limits": {"t": (-10, 0), "h.y": (0, 59)},
    }
    found = {
        r["metric"]: (r["value"], r["unit"], r["flags"]) for r in told(engine, prefix="p.", timezone="UTC", **options)
    }
    assert found == {
        "p.t": (pytest.approx(-20 / 3), "Cel", []),
        "p.h.x": (50.0, "%", []),
        "p.h.y": (60.0, None, ["out_of_range"]),
    }


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("time", "options", "expected", "flags"),
    [
        ('"2025-11-12T08:00:00"', {}, "2025-11-12 08:00:00+00:00", ["zone_assumed"]),
        ('"2025-11-12T08:00:00"', {"timezone": "Europe/Zurich"}, "2025-11-12 07:00:00+00:00", []),
        ('"2025-11-12T08:00:00-01:00"', {"timezone": "Europe/Zurich"}, "2025-11-12 09:00:00+00:00", []),
        ("1762934400", {}, "2025-11-12 08:00:00+00:00", []),
        ("1762934400123", {}, "2025-11-12 08:00:00.123000+00:00", []),
        ("17629344000", {"epoch_unit": "ms"}, "2025-11-12 09:00:00+00:00", ["clock_suspect"]),
        ("1762934400000000", {"epoch_unit": "us"}, "2025-11-12 08:00:00+00:00", []),
    ],
)
def test_times_are_read_with_the_zone_and_the_unit_of_the_route(
    engine: str, time: str, options: dict[str, Any], expected: str, flags: list[str]
) -> None:
    (found,) = told(engine, f'{{"id": "d1", "time": {time}, "t": 20}}'.encode(), **options)
    assert (str(found["event_at"]), found["flags"]) == (expected, flags)


@pytest.mark.parametrize("engine", ENGINES)
@pytest.mark.parametrize(
    ("topic", "pattern", "options", "device"),
    [
        ("a/b", "a/b", {}, "d1"),
        ("a/b", "a/{device}", {}, "b"),
        ("a/b", "{site}/{name}", {"device": "{site}:{name}"}, "a:b"),
        ("a/b", "{site}/+", {"device": "{site}/{device}"}, "a/d1"),
        ("a/b/c", "a/{rest#}", {"device": "{rest}"}, "b/c"),
        ("a/b", "a/b", {"device": "always"}, "always"),
    ],
)
def test_the_device_is_named_by_the_payload_or_by_levels_of_the_topic(
    engine: str, topic: str, pattern: str, options: dict[str, Any], device: str
) -> None:
    assert {r["device_id"] for r in told(engine, topic=topic, pattern=pattern, **options)} == {device}


def _typical(convention: str) -> tuple[Message, Route] | None:
    """A message of the convention that gives readings on a built-in route, and the route."""
    for case in CASES:
        if case.parent.name == convention and not (case / "case.json").exists():
            topic = (case / "topic").read_text().rstrip("\n")
            message = (topic, (case / "payload").read_bytes())
            match = BUILT_IN.match(topic)
            if match and BUILT_IN.routes[match[0]].convention == convention and readings(decoded([message])):
                return message, BUILT_IN.routes[match[0]]
    return None


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_each_convention_obeys_the_common_options(convention: str) -> None:
    if (typical := _typical(convention)) is None:
        pytest.skip(f"no golden case of {convention} gives readings on a built-in route")
    message, route = typical
    before = readings(decoded([message]))
    template = BUILT_IN.groups[BUILT_IN.group_of[BUILT_IN.routes.index(route)]].options.device

    def after(**options: Any) -> list[dict[str, Any]]:
        return readings(decoded([message], Route(route.topic, convention, {**route.options, **options})))

    assert [r["metric"] for r in after(prefix="p.")] == [f"p.{r['metric']}" for r in before]
    assert [r["device_id"] for r in after(device=f"x-{template}")] == [f"x-{r['device_id']}" for r in before]
    metric = before[-1]["metric"]
    assert [r["metric"] for r in after(keep=metric)] == [
        r["metric"] for r in before if r["metric"] == metric or r["metric"].startswith(f"{metric}.")
    ]
    assert [r["metric"] for r in after(rename={metric: "renamed"}) if r["metric"] == metric] == []
    if (numeric := next((r for r in before if r["value"] is not None), None)) is not None:
        name = numeric["metric"]
        high = [r for r in after(limits={name: (numeric["value"] + 1, None)}) if r["metric"] == name]
        assert "out_of_range" in high[0]["flags"]
        unit = next(r["unit"] for r in after(units={name: "bananas"}) if r["metric"] == name)
        assert unit in {numeric["unit"], "bananas"}
