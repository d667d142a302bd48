"""Whatever arrives under a convention's topics: nothing raises, every message is accounted for.

What is sent are the golden payloads of the convention, cut, glued and with bytes changed, and any bytes at all.
``IOT_TESTS_SECONDS=600 pytest …/test_any_bytes.py`` spends ten minutes on it.
"""

from __future__ import annotations

import os
import time

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.decoders.conventions import CONVENTIONS
from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets_tests.decoders.batches import Message, batch, checked, rejects
from iot_assets_tests.decoders.test_golden import CASES

SECONDS = float(os.environ.get("IOT_TESTS_SECONDS", "0"))
ROUTES = RouteTable()


def _sent(convention: str) -> list[Message]:
    found = []
    for case in CASES:
        if case.parent.name == convention and len(payload := (case / "payload").read_bytes()) < 20_000:
            topic = (case / "topic").read_text().rstrip("\n")
            if (match := ROUTES.match(topic)) and ROUTES.routes[match[0]].convention == convention:
                found.append((topic, payload))
    return found


def _altered(message: Message) -> st.SearchStrategy[Message]:
    topic, payload = message
    places = st.lists(st.integers(0, max(len(payload) - 1, 0)), min_size=1, max_size=3)

    def alter(at: list[int], put: bytes, cut: int, way: str) -> Message:
        first = at[0]
        match way:
            case "cut":
                return topic, payload[:first]
            case "put":
                return topic, payload[:first] + put + payload[first:]
            case "glue":
                return topic, payload[:first] + payload[at[-1] :]
            case "double":
                return topic, payload + payload
            case _:
                return topic, payload[:first] + put + payload[first + cut :]

    ways = st.sampled_from(["cut", "put", "glue", "double", "change"])
    return st.builds(alter, places, st.binary(max_size=4) | st.sampled_from(_SPITEFUL), st.integers(0, 8), ways)


_SPITEFUL = [b"null", b"-1", b"1e999", b'""', b"[]", b"{}", b"NaN", b"\xff\xff\xff\xff\xff\xff\xff\xff\x7f", b"\0"]


@pytest.mark.parametrize("convention", CONVENTIONS)
def test_any_bytes_of_a_convention_are_accounted_for(convention: str) -> None:
    known = _sent(convention)
    if not known:
        pytest.skip(f"no golden case of {convention} is sent on a topic of its own")
    one = st.sampled_from(known).flatmap(
        lambda message: st.one_of(
            st.just(message), _altered(message), st.tuples(st.just(message[0]), st.binary(max_size=60))
        )
    )
    end = time.monotonic() + SECONDS / len(CONVENTIONS)

    @given(messages=st.lists(one, min_size=1, max_size=20))
    @settings(max_examples=100 if SECONDS else 15, suppress_health_check=list(HealthCheck), database=None)
    def holds(messages: list[Message]) -> None:
        result = checked(decode(batch(messages), ROUTES, Bounds()), len(messages))
        assert "decoder_failed" not in rejects(result).values()

    holds()
    while time.monotonic() < end:
        holds()
