"""A broker's log, as mosquitto_sub prints it, becomes the messages that were sent."""

from __future__ import annotations

import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from iot_assets.decoders.sent import LogError, Sent, read_log

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets_tests.brokers import Mosquitto

TOPICS = st.text(st.characters(exclude_characters="+#\0 \r\n", exclude_categories=["Cs"]), min_size=1, max_size=20)


def read(*lines: bytes, as_hex: bool = False) -> list[tuple[str, bytes]]:
    return [(sent.topic, sent.payload) for sent in read_log([line + b"\n" for line in lines], as_hex=as_hex)]


def test_each_line_is_a_topic_and_a_payload() -> None:
    assert read(b"a/b 21.5", b"", b'c {"t": 1, "u": "x y"}', b"empty (null)", b"nothing", "ä ö".encode()) == [
        ("a/b", b"21.5"),
        ("c", b'{"t": 1, "u": "x y"}'),
        ("empty", b""),
        ("nothing", b""),
        ("ä", "ö".encode()),
    ]


def test_a_payload_of_several_lines_is_one_message() -> None:
    assert read(b"a {", b'  "t": 1', b"}", b"b 2") == [("a", b'{\n  "t": 1\n}'), ("b", b"2")]


@given(messages=st.lists(st.tuples(TOPICS, st.binary(max_size=40))))
@example(messages=[("a", b""), ("a", b"(null)")])
def test_any_payload_comes_through_as_hexadecimal(messages: list[tuple[str, bytes]]) -> None:
    lines = [f"{topic} {payload.hex()}".encode() for topic, payload in messages]
    assert read(*lines, as_hex=True) == messages


def test_an_object_of_mosquitto_sub_says_when_and_with_which_properties() -> None:
    line = (
        b'{"tst":"2026-11-21T03:54:39.024889Z+0000","topic":"a b/c","qos":0,"retain":0,"payloadlen":3,'
        b'"properties":{"content-type":"text/plain","user-properties":{"k":"v"}},"payload":"h\xc3\xa9"}'
    )
    (sent,) = read_log([line])
    assert (sent.topic, sent.payload) == ("a b/c", b"h\xc3\xa9")
    assert (sent.content_type, sent.attributes) == ("text/plain", '{"k": "v"}')
    assert str(sent.received_at) == "2026-11-21 03:54:39.024889+00:00"


@pytest.mark.parametrize(
    ("written", "payload"),
    [
        (b'"payloadlen":0,"payload":null', b""),
        (b'"payloadlen":5,"payload":"\xff\\"\\\\\\u0001a"', b'\xff"\\\x01a'),
        (b'"payloadlen":10,"payload":{"a":1.5}', b'{"a": 1.5}'),
        (b'"payloadlen":4,"payload":"21.5"', b"21.5"),
    ],
)
def test_a_payload_within_json_is_what_was_sent(written: bytes, payload: bytes) -> None:
    assert read(b'{"tst":"soon","topic":"a",' + written + b"}") == [("a", payload)]


@pytest.mark.parametrize(
    ("line", "as_hex", "why"),
    [
        (b'{"topic":"a","payloadlen":5,"payload":""}', False, "log it with -F '%t %x'"),
        (b"a 21.5", True, "line 2"),
        (b"\xff 1", False, "line 2"),
    ],
)
def test_a_line_that_does_not_hold_all_of_a_message_is_named(line: bytes, as_hex: bool, why: str) -> None:  # noqa: FBT001 - a parameter of the test
    with pytest.raises(LogError) as caught:
        read(b"", line, as_hex=as_hex)
    assert "line 2" in str(caught.value)
    assert why in str(caught.value)


@given(lines=st.lists(st.binary(max_size=60)), as_hex=st.booleans())
def test_any_log_is_read_or_refused(lines: list[bytes], as_hex: bool) -> None:  # noqa: FBT001 - drawn by hypothesis
    try:
        found: Sequence[Sent] = list(read_log(lines, as_hex=as_hex))
    except LogError:
        return
    assert len(found) <= len(lines)


@pytest.mark.parametrize("arguments", [["-v"], ["-F", "%j"], ["-F", "%t %x"]], ids=" ".join)
def test_what_the_real_mosquitto_sub_prints_is_read(arguments: list[str], mosquitto: Mosquitto) -> None:
    if (program := shutil.which("mosquitto_sub")) is None:
        pytest.skip("MOSQUITTO_SUB IS NOT INSTALLED, so its log was not read; install mosquitto-clients")
    sent = [("a/1", b"21.5"), ("b", b'{"t": 1.10, "u": "\xc2\xb0C"}'), ("d", b'{"x":"a\\"b"}')]
    mosquitto.publish(sent, retain=True)
    command = [program, "-p", str(mosquitto.port), "-t", "#", "-C", str(len(sent)), "-W", "20", *arguments]
    log = subprocess.run(command, capture_output=True, check=True).stdout.splitlines()
    found = list(read_log(log, as_hex="%t %x" in arguments))
    assert sorted((message.topic, message.payload) for message in found) == sent
