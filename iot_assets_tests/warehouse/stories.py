"""Random stories of a platform: what arrives, in which files, in which order it is processed, and what goes wrong.

Belongs here: drawing stories. Does not: telling whether they end well (``test_any_history``).
"""

from __future__ import annotations

import json
from dataclasses import dataclass, replace
from typing import Any, Final

from hypothesis import strategies as st

from iot_assets.lake.landed import REGISTRY_SOURCE
from iot_assets_tests.lake_builder import NOON, Message, at
from iot_assets_tests.oracle import instant

#: Whole seconds, so that no device's clock ever names the very microsecond at which another message was received.
_DEVICE_CLOCK: Final = (0, 1, 59, 60, 3599, 3600, -1, -86_400, 86_400, -183 * 86_400, -730 * 86_400)
_VALUES: Final = (0, 1, 1.5, 0.1, 0.2, -0.3, 1e-13, 5e-13, 999_999_999.9, 1e9, 9.99e11, 1e12, -1e30, "on", "off")
_FLAGS: Final[tuple[list[str], ...]] = ([], [], [], ["stale"], ["out_of_range"], ["clock_suspect"])
_GAPS: Final = (0.25, 0.25, 7, 61, 700)

#: Kinds of messages of a story, by how often they come; those that ``_CONTENT`` does not make repeat others. In some
#: stories nearly all are births and what is read with them, which else would rarely meet.
_KINDS: Final = (
    {
        "new": 3,
        "copy": 1,
        "heard": 2,
        "again": 2,
        "reject": 1,
        "registry": 2,
        "announced": 1,
        "birth": 1,
        "numbered": 1,
    },
    {"birth": 4, "numbered": 6, "end": 2, "copy": 1, "again": 2, "new": 1},
)


@dataclass(frozen=True, slots=True)
class Arrival:
    """One message, the lander that takes it, and whether that lander's file ends with it."""

    lander: int
    message: Message
    ends_file: bool


@dataclass(frozen=True, slots=True)
class Step:
    """Something that happens: ``files`` become visible, then a unit (or all) runs, perhaps cut short, or a rebuild."""

    files: int
    unit: str
    dies_at: int | None
    day: int


@dataclass(frozen=True, slots=True)
class Story:
    """What arrives; in which order its files are found (numbers to sort them by); what happens meanwhile."""

    arrivals: list[Arrival]
    order: list[int]
    steps: list[Step]


@st.composite
def stories(draw: st.DrawFn) -> Story:
    """Up to 14 messages by two landers over a few days, and up to seven steps."""
    arrivals: list[Arrival] = []
    session = [1, 1]
    seconds = 0.0
    kinds = draw(st.sampled_from(_KINDS))
    for number in range(draw(st.one_of(st.integers(1, 5), st.integers(6, 14)))):
        seconds += draw(st.sampled_from(_GAPS)) + (86_400 if draw(st.integers(0, 9)) == 9 else 0)
        received_at = at(seconds).replace(microsecond=1000 * number + 137)
        lander = draw(st.integers(0, 1))
        session[lander] += draw(st.integers(0, 3)) == 3
        earlier = [a.message for a in arrivals if a.lander == lander and a.message.source != REGISTRY_SOURCE]
        topic = draw(st.sampled_from(["plain", "plain", "all"]))
        fresh = Message(received_at=received_at, topic=topic, payload=b"", session=session[lander])
        message = draw(_filled(fresh, earlier, kinds))
        session[lander] = message.session
        arrivals.append(Arrival(lander, message, draw(st.integers(0, 2)) > 0))
    steps = draw(st.lists(_steps(), min_size=1, max_size=7))
    order = draw(st.lists(st.integers(0, 99), min_size=len(arrivals), max_size=len(arrivals)))
    return Story(arrivals, order, steps)


def _steps() -> st.SearchStrategy[Step]:
    return st.builds(
        Step,
        files=st.sampled_from([1, 1, 2, 3, 0]),
        unit=st.sampled_from(["chain", "chain", "chain", "chain", "bronze", "silver", "gold", "rebuild"]),
        dies_at=st.one_of(st.none(), st.none(), st.integers(1, 150)),
        day=st.integers(0, 3),
    )


@st.composite
def _filled(draw: st.DrawFn, message: Message, earlier: list[Message], kinds: dict[str, int]) -> Message:
    kind = draw(st.sampled_from([kind for kind, weight in kinds.items() for _ in range(weight)]))
    packet_id = draw(st.sampled_from([1, 1, 2, 0]))
    if kind == "registry":
        return replace(
            message, source=REGISTRY_SOURCE, topic="registry.json", payload=json.dumps(draw(_registries())).encode()
        )
    if kind in {"copy", "again"} and earlier:
        original = draw(st.sampled_from(earlier))
        repeated = replace(message, topic=original.topic, payload=original.payload, packet_id=packet_id)
        if kind == "copy":
            return repeated
        # Mostly by the connection after, as a broker does it.
        later = message.session + (message.session == original.session and draw(st.integers(0, 4)) > 0)
        return replace(repeated, dup=True, packet_id=original.packet_id, session=later)
    if kind == "heard" and (told := [m for m in earlier if m.payload.startswith(b"[")]):
        return replace(message, payload=_heard(draw(st.sampled_from(told)).payload, draw(st.sampled_from([1, -1, 70]))))
    dup = draw(st.integers(0, 4)) == 4
    topic, payload = draw(_CONTENT.get(kind, _CONTENT["new"]))
    return replace(message, topic=topic, payload=payload, dup=dup, packet_id=packet_id)


def _heard(payload: bytes, seconds: int) -> bytes:
    """The payload as another gateway tells it, whose clock differs; where it has ids, these are the same."""
    readings = json.loads(payload)
    for fields in readings:
        if fields[2] is not None:
            fields[2] += seconds * 1_000_000
    return json.dumps(readings).encode()


@st.composite
def _readings(draw: st.DrawFn) -> list[Any]:
    clock = draw(st.one_of(st.none(), st.sampled_from(_DEVICE_CLOCK), st.sampled_from(_DEVICE_CLOCK)))
    return [
        draw(st.sampled_from(["a", "b"])),
        draw(st.sampled_from(["m", "n"])),
        None if clock is None else instant(NOON) + clock * 1_000_000,
        draw(st.sampled_from(_VALUES)),
        draw(st.sampled_from([None, None, "K"])),
        draw(st.sampled_from(_FLAGS)),
        # What its device does not date may lie in another day when it comes again, and is then no longer known.
        *([] if clock is None else draw(st.sampled_from([[], ["p"], ["q"]]))),
    ]


@st.composite
def _announcements(draw: st.DrawFn) -> dict[str, Any]:
    """Like a registry, with facts that it may and may not have, too."""
    own: tuple[dict[str, Any], ...] = ({}, {"firmware": "1"}, {"firmware": "2"}, {"lat": 5.0}, {"lat": 1.0, "lon": 2.0})
    found = draw(_registries())
    for device in found:
        found[device] |= draw(st.sampled_from(own))
        if draw(st.booleans()):
            del found[device]["kind"]
    return found


@st.composite
def _registries(draw: st.DrawFn) -> dict[str, Any]:
    devices: dict[str, Any] = {}
    for device in draw(st.sets(st.sampled_from(["a", "b", "c"]))):
        metrics: dict[str, Any] = {}
        for metric in draw(st.sets(st.sampled_from(["m", "n"]))):
            metrics[metric] = draw(
                st.sampled_from([{"unit": "Cel"}, {"min": 1, "max": 2}, {"unit": "V", "max": 0}, {"min": 0.1}])
            )
        devices[device] = {"kind": draw(st.sampled_from(["x", "y"])), "metrics": metrics}
        devices[device] |= draw(st.sampled_from([{}, {"lon": 3.0}]))
    return devices


@st.composite
def _births(draw: st.DrawFn) -> list[dict[str, Any]]:
    """What numbers mean in one topic, and who is to end with the other."""
    names: dict[str, str] = draw(st.dictionaries(st.sampled_from(["1", "2"]), st.sampled_from(["m", "n"])))
    told = {"topic": draw(st.sampled_from(["x", "x", "y"])), "part": "", "names": names}
    return [told, {"topic": "z", "part": draw(st.sampled_from(["a", "c", ""])), "names": {}}]


@st.composite
def _numbered(draw: st.DrawFn) -> list[Any]:
    clock = draw(st.one_of(st.none(), st.sampled_from(_DEVICE_CLOCK)))
    us = None if clock is None else instant(NOON) + clock * 1_000_000
    return [draw(st.sampled_from(["1", "1", "2"])), us, draw(st.sampled_from([0, 1, 2.5]))]


def _written(mark: str, content: st.SearchStrategy[Any]) -> st.SearchStrategy[bytes]:
    return content.map(lambda what: mark.encode() + json.dumps(what).encode())


#: Kinds of messages: topic and payload of each.
_CONTENT: Final = {
    "new": st.tuples(
        st.sampled_from(["plain", "plain", "all"]), _written("", st.lists(_readings(), min_size=1, max_size=3))
    ),
    "reject": st.just(("plain", b"{")),
    "announced": st.tuples(st.just("plain"), _written("!", _announcements())),
    "birth": st.tuples(st.just("plain"), _written("+", _births())),
    "numbered": st.tuples(
        st.sampled_from(["x", "x", "y"]), _written("#", st.lists(_numbered(), min_size=1, max_size=3))
    ),
    "end": st.just(("z", b"-")),
}
