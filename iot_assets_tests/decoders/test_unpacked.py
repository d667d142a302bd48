"""Compressed payloads are read like the plain ones; what only looks compressed is read as it is."""

from __future__ import annotations

import gzip
import zlib

import pytest

from iot_assets.decoders.decoded import Bounds
from iot_assets_tests.decoders.batches import decoded, reason, values

PLAIN = b'{"temperature": 21.5}'
TOPIC = "devices/d/state"


@pytest.mark.parametrize(
    "packed",
    [
        gzip.compress(PLAIN),
        gzip.compress(PLAIN[:9]) + gzip.compress(PLAIN[9:]),
        *(zlib.compress(PLAIN, level) for level in (0, 1, 6, 9)),
    ],
    ids=["gzip", "gzip in two members", "stored", "fast", "default", "best"],
)
def test_a_compressed_payload_says_what_the_plain_one_says(packed: bytes) -> None:
    result = decoded([(TOPIC, b'{"a": 1}'), (TOPIC, packed), (TOPIC, PLAIN)])
    assert values(result, 0) == {"a": 1.0}
    assert values(result, 1) == values(result, 2) == {"temperature": 21.5}


def test_what_breaks_off_is_read_as_it_came() -> None:
    assert reason(gzip.compress(PLAIN)[:-10], topic=TOPIC) == "not_utf8"
    assert reason(b"x^2", topic=TOPIC) == "malformed_json"


def test_a_small_payload_that_holds_a_gigabyte_is_too_large() -> None:
    bomb = gzip.compress(b"0" * (1 << 24))
    assert reason(bomb, topic=TOPIC, bounds=Bounds(max_payload_bytes=1 << 20)) == "payload_too_large"
    assert values(decoded([(TOPIC, gzip.compress(PLAIN))], bounds=Bounds(max_payload_bytes=len(PLAIN)))) != {}
