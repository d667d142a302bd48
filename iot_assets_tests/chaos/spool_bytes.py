"""Episodes of the spool's bytes: a segment torn at each byte, changed, zeroed, with bytes gone or doubled.

Belongs here: what is done to one segment, what must be landed of it and said. Does not: crashes of a whole disk.
"""

from __future__ import annotations

import logging
import shutil
from collections.abc import Iterator
from dataclasses import dataclass
from typing import TYPE_CHECKING

from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.lake.message_id import MessageIds
from iot_assets.landing.frames import encode, header
from iot_assets.landing.sealer import DAMAGED
from iot_assets.landing.taken import Taken
from iot_assets_tests.chaos.landing import NAME, Heard, Landed, Landing
from iot_assets_tests.chaos.ledger import Outcome

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

_START: int = 1_763_000_000_000


@dataclass(frozen=True, slots=True)
class _Segment:
    content: bytes
    frames: list[tuple[int, int, list[bytes]]]
    """Where each begins and ends, and the payloads in it."""

    def sound(self, first: int, last: int) -> set[bytes]:
        """The payloads of frames outside of these bytes."""
        return {p for begin, end, payloads in self.frames if end <= first or begin >= last for p in payloads}

    @property
    def payloads(self) -> set[bytes]:
        return {p for _, _, payloads in self.frames for p in payloads}


def tear_everywhere(chance: Random, folder: Path) -> Iterator[Outcome]:
    """The segment ends after each of its bytes; sometimes zeros follow, as blocks that were given and not written."""
    segment = _make(chance)
    for cut in range(len(segment.content)):
        # Nothing is written behind a header that is not durable yet.
        most = len(header(LANDED_SCHEMA)) - cut if cut < len(header(LANDED_SCHEMA)) else 4096
        zeros = min(most, chance.choice([0, 0, 0, 1, 100, 4096]))
        content = segment.content[:cut] + bytes(zeros)
        # Where the bytes that are gone were zeros, zeros in their place change nothing.
        whole = {p for _, end, payloads in segment.frames if content[:end] == segment.content[:end] for p in payloads}
        found = _recover(folder, content)
        problem = _wrong(found, segment) or (
            None if found.payloads == whole else f"landed {found.payloads}, not {whole}"
        )
        if not zeros and found.errors:
            problem = problem or f"a crash leaves just that, and yet: {found.errors}"
        yield Outcome(f"spool: torn tail{', zeros behind' if zeros else ''}", problem and f"cut at {cut}: {problem}")


def change_anywhere(chance: Random, folder: Path) -> Iterator[Outcome]:
    """A segment's bytes are changed at a place of chance, 200 times."""
    segment = _make(chance)
    size = len(segment.content)
    for _ in range(200):
        content = bytearray(segment.content)
        first = chance.randrange(size)
        last = min(size, first + chance.choice([1, 4, 16, 512]))
        kind = chance.choice(["one bit flipped", "zeroed", "bytes gone", "bytes doubled", "bytes of something else"])
        match kind:
            case "one bit flipped":
                last = first + 1
                content[first] ^= 1 << chance.randrange(8)
            case "zeroed":
                content[first:last] = bytes(last - first)
            case "bytes gone":
                del content[first:last]
            case "bytes doubled":
                content[first:first] = content[first:last]
                # The frame before is whole; the one that holds them is not, unless they stand between two.
                last = max(first + 1, last)
            case _:
                content[first:last] = chance.randbytes(last - first)
        if bytes(content) == segment.content:
            continue
        found = _recover(folder, bytes(content))
        problem = _wrong(found, segment) or _unsaid(found, segment, bytes(content), segment.sound(first, last))
        yield Outcome(f"spool: {kind}", problem and f"bytes {first} to {last} of {size}: {problem}")


def _make(chance: Random) -> _Segment:
    content = header(LANDED_SCHEMA)
    ids = MessageIds(NAME, _START)
    frames, count = [], 0
    for _ in range(chance.randint(2, 4)):
        taken = Taken("mqtt:chaos", 1)
        payloads = []
        for _ in range(chance.randint(1, 3)):
            payload = b"%d " % count + chance.randbytes(chance.randrange(30))
            payloads.append(payload)
            taken.add("t", payload, received_us=_START * 1000 + count, qos=1, packet_id=count + 1)
            count += 1
        first = len(content)
        content += b"".join(map(bytes, encode(taken.batch(ids, count - len(taken)))))
        frames.append((first, len(content), payloads))
    return _Segment(content, frames)


@dataclass(frozen=True, slots=True)
class _Found:
    """After recovery."""

    landed: Landed
    heard: Heard
    kept: bool
    """The segment is set aside, and counted as such for status and metrics."""

    @property
    def payloads(self) -> set[bytes]:
        return set(self.landed.payloads)

    @property
    def errors(self) -> list[str]:
        return self.heard.said("", logging.ERROR)


def _recover(folder: Path, content: bytes) -> _Found:
    data = folder / "data"
    spool = data / "spool" / NAME
    spool.mkdir(parents=True)
    name = f"{_START}-000000.spool"
    (spool / name).write_bytes(content)
    try:
        landing = Landing(data)
        landing.end()
        kept = (spool / DAMAGED / name).exists()
        assert landing.set_aside == kept, "a segment is set aside and not counted"
        return _Found(Landed(data), landing.heard, kept)
    finally:
        shutil.rmtree(data)


def _wrong(found: _Found, segment: _Segment) -> str | None:
    """What must never be."""
    if foreign := found.payloads - segment.payloads:
        return f"landed what nobody sent: {foreign}"
    if any(n > 1 for n in found.landed.payloads.values()):
        return f"landed twice: {found.landed.payloads}"
    if left := found.landed.left + found.landed.temporary:
        return f"left behind: {left}"
    return None


def _unsaid(found: _Found, segment: _Segment, content: bytes, sound: set[bytes]) -> str | None:
    """Whether sound messages are missing, or others and nobody said so."""
    begins = header(LANDED_SCHEMA)
    if content.startswith(begins) and (lost := sound - found.payloads):
        return f"sound frames are not landed: {lost}"
    lost = segment.payloads - found.payloads
    told = bool(found.errors) and found.kept
    # A beginning of the last frame, or zeros in its place, is what a crash leaves, too, and said as that.
    cut = bool(found.heard.said("were cut off")) and not found.heard.said("; 0 bytes of an unfinished")
    if lost and len(content) > len(begins) and not told and not cut:
        return f"{lost} are gone and nobody said so: {found.errors}"
    return None
