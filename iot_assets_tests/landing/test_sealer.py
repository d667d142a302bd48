from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.frames import header
from iot_assets.landing.sealer import Sealer
from iot_assets.landing.segment import Spool, list_segments
from iot_assets_tests.landing.harness import batch, landed_payloads, wait_for

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logging.getLogger("iot_assets.test")


def spooled(data: Path, *payloads: bytes, start_ms: int = 1_763_000_000_000) -> Path:
    """A segment with one message a frame, left by an earlier start."""
    folder = DataPaths(data).spool("lander")
    folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(folder, start_ms, max_bytes=1 << 30, seal_seconds=60)
    for n, payload in enumerate(payloads):
        spool.append(batch([payload], first=n, start_ms=start_ms), now=0)
    return spool.close()[0].path


def recover(data: Path) -> Sealer:
    sealer = Sealer(DataPaths(data), "lander", _LOG)
    sealer.start()
    sealer.add(list_segments(DataPaths(data).spool("lander")), recovered=True)
    sealer.close()
    return sealer


def test_leftovers_are_landed_their_torn_tail_cut_and_the_log_says_how_much(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    segment = spooled(tmp_path, b"one", b"two", b"three")
    segment.write_bytes(segment.read_bytes()[:-100])
    totals = recover(tmp_path).totals
    assert (totals.files, totals.rows, totals.waiting) == (1, 2, 0)
    assert landed_payloads(tmp_path) == [b"one", b"two"]
    assert "recovered 2 messages" in caplog.text
    assert "bytes of an unfinished append were cut off" in caplog.text
    assert not segment.exists()


def test_damage_in_the_middle_costs_that_frame_only_and_the_segment_is_kept(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    segment = spooled(tmp_path, b"one", b"two", b"three")
    content = bytearray(segment.read_bytes())
    content[content.index(b"two")] ^= 1
    segment.write_bytes(content)
    sealer = recover(tmp_path)
    assert landed_payloads(tmp_path) == [b"one", b"three"]
    kept = segment.parent / "damaged" / segment.name
    assert kept.read_bytes() == content
    assert "IS DAMAGED" in caplog.text
    assert sealer.set_aside == 1
    kept.unlink()
    assert sealer.set_aside == 0


def test_what_cannot_be_read_at_all_is_set_aside_and_holds_up_nothing(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    bad = spooled(tmp_path, b"lost", start_ms=1_700_000_000_000)
    content = b"X" + bad.read_bytes()[1:]
    bad.write_bytes(content)
    spooled(tmp_path, b"one")
    totals = recover(tmp_path).totals
    assert (totals.files, totals.waiting) == (1, 0)
    assert landed_payloads(tmp_path) == [b"one"]
    assert (bad.parent / "damaged" / bad.name).read_bytes() == content
    assert "NOTHING IN IT COULD BE LANDED" in caplog.text


@pytest.mark.parametrize("size", [0, 5, len(header(LANDED_SCHEMA)) - 1, len(header(LANDED_SCHEMA))])
def test_a_segment_begun_and_never_written_to_is_cleared_away(tmp_path: Path, size: int) -> None:
    folder = DataPaths(tmp_path).spool("lander")
    folder.mkdir(parents=True)
    (folder / "1763000000000-000000.spool").write_bytes(header(LANDED_SCHEMA)[:size])
    assert recover(tmp_path).totals.files == 0
    assert list(folder.iterdir()) == []


def test_a_lake_that_takes_nothing_is_said_once_and_landed_in_once_it_does(
    tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    spooled(tmp_path, b"one")
    lake = DataPaths(tmp_path).lake
    lake.write_text("a file where the folder should be")
    sealer = Sealer(DataPaths(tmp_path), "lander", _LOG)
    sealer.start()
    sealer.add(list_segments(DataPaths(tmp_path).spool("lander")))
    wait_for(lambda: sealer.trouble.sentence, "trouble")
    assert "cannot land" in str(sealer.trouble.sentence)
    assert "the messages are safe in the spool" in str(sealer.trouble.sentence)
    lake.unlink()
    wait_for(lambda: sealer.totals.files, "the file")
    sealer.close()
    assert sealer.trouble.sentence is None
    assert landed_payloads(tmp_path) == [b"one"]
    assert len([r for r in caplog.records if r.levelno == logging.ERROR]) == 1


def test_closing_in_trouble_leaves_the_segments_to_the_next_start(tmp_path: Path) -> None:
    segment = spooled(tmp_path, b"one")
    lake = DataPaths(tmp_path).lake
    lake.write_text("a file where the folder should be")
    assert recover(tmp_path).totals.waiting == 1
    assert segment.exists()
    lake.unlink()
    assert recover(tmp_path).totals.rows == 1
    assert landed_payloads(tmp_path) == [b"one"]
