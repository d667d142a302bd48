"""Routes: which convention a topic follows, and sentences for routes that cannot be."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.decoders.conventions import CONVENTIONS
from iot_assets.decoders.options import build_options
from iot_assets.decoders.routes import DEFAULT_ROUTES, DeviceName, Route, RouteTable
from iot_assets.errors import SettingsError


def matched(topic: str, *patterns: str) -> tuple[str, dict[str, str]] | None:
    table = RouteTable([Route(pattern, "flat_json") for pattern in patterns], defaults=())
    found = table.match(topic)
    return None if found is None else (patterns[found[0]], found[1])


@pytest.mark.parametrize(
    ("pattern", "yes", "no"),
    [
        ("a/b", ["a/b"], ["a", "a/b/", "a/b/c", "/a/b", "A/b"]),
        ("a/+/c", ["a/b/c", "a//c"], ["a/c", "a/b/b/c"]),
        ("a/#", ["a", "a/", "a/b/c"], ["ab", "b/a"]),
        ("#", ["a", "/", "a/b", ""], ["$SYS/broker/uptime"]),
        ("+/x", ["a/x", "/x"], ["$a/x"]),
        ("{site}/x", ["a/x"], ["$a/x"]),
        ("$SYS/#", ["$SYS/broker/uptime"], ["SYS/broker"]),
        ("a.c/(d|e)", ["a.c/(d|e)"], ["abc/d"]),
        ("a/+", ["a/line\nbreak"], ["a/b/c"]),
        ("a/{x#}/end", ["a/b/end", "a/b/c/end", "a//end"], ["a/end", "a/b/end/c"]),
        ("pump{n}/x", ["pump7/x", "pump/x"], ["apump7/x", "pump/7/x"]),
        ("a/{n}:0", ["a/switch:0"], ["a/switch:1", "a/b/c:0"]),
    ],
)
def test_patterns_match_as_in_mqtt(pattern: str, yes: list[str], no: list[str]) -> None:
    assert all(matched(topic, pattern) for topic in yes)
    assert not any(matched(topic, pattern) for topic in no)


def test_the_first_route_that_matches_counts_and_remembers_levels() -> None:
    assert matched("acme/hall/p1", "{site}/hall/{device}", "#") == (
        "{site}/hall/{device}",
        {"site": "acme", "device": "p1"},
    )
    assert matched("acme/yard/p1", "{site}/hall/{device}", "#") == ("#", {})


def test_the_users_routes_come_before_the_built_in_ones() -> None:
    table = RouteTable([Route("sensors", "flat_json")])
    assert table.match("sensors") == (0, {})
    assert table.match("sensors/x") == (2, {"name": "x"})
    assert table.routes[1:] == DEFAULT_ROUTES


@pytest.mark.parametrize(
    ("template", "expected"),
    [
        ("{device}", DeviceName("", "p1", "")),
        ("{site}/{device}!", DeviceName("acme/", "p1", "!")),
        ("{site}", DeviceName("", "acme", "")),
    ],
)
def test_the_topic_fills_the_device_template(template: str, expected: DeviceName) -> None:
    table = RouteTable([Route("{site}/{device}", "flat_json", {"device": template})])
    assert table.device_name(0, {"site": "acme", "device": "p1"}) == expected


@pytest.mark.parametrize(
    ("route", "words"),
    [
        (Route("a", "flat_jsn"), ["'a'", "no convention 'flat_jsn'", "did you mean 'flat_json'", "sensor_value"]),
        (Route("a/#/b", "flat_json"), ["'a/#/b'", "# must be the whole last level"]),
        (Route("a/b#", "flat_json"), ["# must be the whole last level"]),
        (Route("", "flat_json"), ["must not be empty"]),
        (Route("a/x+", "flat_json"), ["+ and {name}"]),
        (Route("a/{Site}", "flat_json"), ["+ and {name}"]),
        (Route("a/x{y#}", "flat_json"), ["# must be the whole last level"]),
        (Route("a/{y}{z}", "flat_json"), ["+ and {name}"]),
        (Route("a", "flat_json", {"metric": "{m}"}), ["the metric template '{m}'", "the topic does not name"]),
        (Route("{m}", "flat_json", {"metric": "{device}"}), ["metric", "{device}"]),
        (Route("a/{device}", "bare_value"), ["metric", "{metric}"]),
        (Route("a/{x}/{x}", "flat_json"), ["once"]),
        (Route("a", "flat_json", {"timezon": "UTC"}), ["no option 'timezon'", "did you mean 'timezone'"]),
        (
            Route("a", "flat_json", {"timezone": "Europe/Berln"}),
            ["timezone", "'Europe/Berln'", "did you mean 'Europe/Berlin'"],
        ),
        (Route("a", "flat_json", {"epoch_unit": "h"}), ["epoch_unit", "'h'"]),
        (Route("a", "flat_json", {"limits": {"t": [1]}}), ["limits.t"]),
        (Route("a", "flat_json", {"limits": {"t": [2, 1]}}), ["limits", "t", "more than"]),
        (Route("a", "flat_json", {"limits": {"t": [float("nan"), 1]}}), ["limits.t"]),
        (Route("a", "flat_json", {"device": "{site}/{device}"}), ["{site}", "the topic does not name"]),
        (Route("{site}", "flat_json", {"device": "{device}{device}"}), ["once"]),
        (Route("{site}", "flat_json", {"device": "{Site}/{device}"}), ["device", "braces"]),
        (Route("a", "sensor_value", {"metric": ""}), ["metric"]),
        (Route("a", "sensor_value", {"value_field": 3}), ["value_field"]),
    ],
)
def test_a_wrong_route_is_a_sentence_that_names_it(route: Route, words: list[str]) -> None:
    with pytest.raises(SettingsError) as caught:
        RouteTable([route])
    assert len(caught.value.problems) == 1
    assert all(word in caught.value.problems[0] for word in words), caught.value.problems[0]


def test_all_wrong_routes_are_named_at_once() -> None:
    with pytest.raises(SettingsError) as caught:
        RouteTable([Route("a", "x"), Route("b", "flat_json", {"y": 1, "z": 2})])
    assert len(caught.value.problems) == 3


@pytest.mark.parametrize("name", CONVENTIONS)
def test_the_defaults_of_each_convention_are_valid_options(name: str) -> None:
    convention = CONVENTIONS[name]
    options, problems = build_options(convention.engine.options, convention.defaults)
    assert problems == []
    assert options is not None


@given(topic=st.text(max_size=30))
def test_any_topic_matches_or_not(topic: str) -> None:
    found: Any = RouteTable().match(topic)
    assert found is None or DEFAULT_ROUTES[found[0]]


def test_a_pattern_may_remember_the_rest_of_a_topic() -> None:
    routes = RouteTable([Route("N/{portal}/{rest#}", "flat_json", {"device": "{portal}/{rest}"})], defaults=())
    assert routes.match("N/a/pvinverter/20/Ac") == (0, {"portal": "a", "rest": "pvinverter/20/Ac"})
    assert routes.match("N/a") is None


def test_a_pattern_may_remember_levels_in_the_middle_and_parts_of_levels() -> None:
    routes = RouteTable([Route("umh/{path#}/_h/{group#}", "flat_json"), Route("pump{n}/x", "flat_json")], defaults=())
    assert routes.match("umh/a/b/_h/c/d") == (0, {"path": "a/b", "group": "c/d"})
    assert routes.match("pump7/x") == (1, {"n": "7"})


def test_a_route_may_be_for_one_content_type() -> None:
    text = Route("in/{device}", "bare_value", {"metric": "level"}, content_type="text/plain")
    routes = RouteTable([text, Route("in/{device}", "flat_json")], defaults=())
    assert routes.match("in/a", "text/plain; charset=utf-8") == (0, {"device": "a"})
    assert routes.match("in/a", "Text/Plain") == (0, {"device": "a"})
    assert routes.match("in/a", "application/json") == routes.match("in/a") == (1, {"device": "a"})


def test_a_content_type_is_checked() -> None:
    with pytest.raises(SettingsError, match="text"):
        RouteTable([Route("a", "flat_json", content_type="text; charset=utf-8")])


@given(topic=st.lists(st.sampled_from(["", "a", "b", "shelly1", "tele", "#"]), min_size=1, max_size=4).map("/".join))
def test_the_first_route_that_matches_is_taken(topic: str) -> None:
    patterns = ["b/#", "+/a", "a/b", "{device}/tele", "a/#", "shelly{id}/#", "tele/a", "#"]
    routes = [Route(pattern, "flat_json") for pattern in patterns]
    first = next((n for n, r in enumerate(routes) if RouteTable([r], defaults=()).match(topic) is not None), None)
    found = RouteTable(routes, defaults=()).match(topic)
    assert (None if found is None else found[0]) == first
