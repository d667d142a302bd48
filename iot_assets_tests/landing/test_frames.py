from __future__ import annotations

import io

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.landing.frames import HeaderError, SegmentReader, encode, header
from iot_assets_tests.landing.harness import batch

_HEADER = header(LANDED_SCHEMA)

payload_lists = st.lists(st.lists(st.binary(max_size=40), min_size=1, max_size=4), max_size=5)


def segment(frames: list[list[bytes]]) -> bytes:
    return _HEADER + b"".join(bytes(piece) for payloads in frames for piece in encode(batch(payloads)))


def read(content: bytes) -> tuple[list[list[bytes]], SegmentReader]:
    reader = SegmentReader(io.BytesIO(content))
    return [b["payload"].to_pylist() for b in reader], reader


@given(payload_lists)
def test_what_is_framed_is_read_again(frames: list[list[bytes]]) -> None:
    found, reader = read(segment(frames))
    assert found == frames
    assert reader.lost == []
    assert reader.schema.equals(LANDED_SCHEMA)


def test_torn_at_any_byte_it_gives_all_complete_frames_and_calls_the_rest_torn() -> None:
    frames = [[b"one"], [b"two", b"three"]]
    whole = segment(frames)
    first_ends = len(segment(frames[:1]))
    for cut in range(len(_HEADER), len(whole)):
        found, reader = read(whole[:cut])
        complete = 1 if cut >= first_ends else 0
        assert found == frames[:complete]
        left = cut - (first_ends if complete else len(_HEADER))
        assert [(lost.bytes, lost.kind) for lost in reader.lost] == ([(left, "torn")] if left else [])


def test_torn_within_the_header_it_is_no_segment() -> None:
    for cut in range(len(_HEADER)):
        with pytest.raises(HeaderError):
            read(_HEADER[:cut])


def test_blocks_that_were_never_written_are_a_torn_tail() -> None:
    found, reader = read(segment([[b"one"]]) + bytes(4096))
    assert found == [[b"one"]]
    assert [lost.kind for lost in reader.lost] == ["torn"]


@settings(max_examples=300)
@given(st.data())
def test_a_flipped_bit_is_noticed_and_costs_no_other_frame(data: st.DataObject) -> None:
    frames = [[b"one"], [b"two", b"three"], [b"four"]]
    ends = [len(segment(frames[:n])) for n in range(4)]
    content = bytearray(segment(frames))
    position = data.draw(st.integers(len(_HEADER), len(content) - 1))
    content[position] ^= 1 << data.draw(st.integers(0, 7))
    hit = next(n for n in range(3) if position < ends[n + 1])
    found, reader = read(bytes(content))
    assert found == [frame for n, frame in enumerate(frames) if n != hit]
    assert [(lost.offset, lost.bytes, lost.kind) for lost in reader.lost] == [
        (ends[hit], ends[hit + 1] - ends[hit], "damaged")
    ]


@given(st.integers(0, len(_HEADER) - 1), st.integers(0, 7))
def test_a_flipped_bit_in_the_header_is_noticed(position: int, bit: int) -> None:
    content = bytearray(segment([[b"one"]]))
    content[position] ^= 1 << bit
    with pytest.raises(HeaderError):
        read(bytes(content))


def test_payloads_that_look_like_frames_confuse_nobody() -> None:
    inner = b"".join(bytes(piece) for piece in encode(batch([b"inner"])))
    content = bytearray(segment([[inner], [b"after"]]))
    found, reader = read(bytes(content))
    assert found == [[inner], [b"after"]]
    assert reader.lost == []


def test_the_crc_of_a_sound_segment_is_that_of_its_bytes() -> None:
    import zlib

    content = segment([[b"one"], [b"two"]])
    assert read(content)[1].crc == zlib.crc32(content)
