from __future__ import annotations

from typing import TYPE_CHECKING

import duckdb
import polars as pl
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iot_assets.errors import CorruptFileError
from iot_assets.lake.landed import FOOTER_CRC, FOOTER_FIRST, FOOTER_LAST, FOOTER_ROWS, FOOTER_VERSION, LANDED_SCHEMA
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.seal import seal
from iot_assets.landing.segment import SegmentFile, Spool
from iot_assets_tests.landing.harness import batch

if TYPE_CHECKING:
    from pathlib import Path

_START = 1_763_000_000_000


def closed(folder: Path, *batches: pa.RecordBatch) -> SegmentFile:
    folder.mkdir(parents=True, exist_ok=True)
    spool = Spool(folder, _START, max_bytes=1 << 30, seal_seconds=60)
    for made in batches:
        spool.append(made, now=0)
    (segment,) = spool.close()
    return segment


def test_a_segment_becomes_one_file_named_for_it_with_every_column_as_declared(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    segment = closed(paths.spool("lander"), batch([b"\xff\0", b""]), batch([b"three"], first=2))
    sealed = seal(segment, paths, "lander")
    assert sealed.path == paths.landed / "date=2025-11-13" / "hour=02" / f"lander-{_START}-000000.parquet"
    assert (sealed.rows, sealed.bytes) == (3, 7)
    file = pq.ParquetFile(sealed.path)
    assert file.schema_arrow.equals(LANDED_SCHEMA)
    assert file.read()["payload"].to_pylist() == [b"\xff\0", b"", b"three"]
    footer = file.metadata.metadata
    ids = [str(i) for i in file.read()["message_id"].to_pylist()]
    assert (footer[FOOTER_ROWS], footer[FOOTER_FIRST], footer[FOOTER_LAST]) == (b"3", ids[0].encode(), ids[2].encode())
    assert len(footer[FOOTER_CRC]) == 8
    assert footer[FOOTER_VERSION]
    assert ids == sorted(ids)


def test_sealing_twice_gives_the_same_bytes_under_the_same_name(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    segment = closed(paths.spool("lander"), batch([b"one"]))
    first = seal(segment, paths, "lander")
    assert first.path is not None
    before = first.path.read_bytes()
    assert seal(segment, paths, "lander") == first
    assert first.path.read_bytes() == before
    assert [p.name for p in first.path.parent.iterdir()] == [first.path.name]


def test_duckdb_and_polars_read_it(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    sealed = seal(closed(paths.spool("lander"), batch([b"%d" % n for n in range(500)])), paths, "lander")
    row = duckdb.sql(f"select count(*), typeof(any_value(message_id)), max(packet_id) from '{sealed.path}'").fetchall()[
        0
    ]
    assert row == (500, "UUID", 500)
    assert sealed.path is not None
    with sealed.path.open("rb") as file:
        assert pl.read_parquet(file)["payload"].len() == 500


def test_a_flipped_bit_in_the_file_is_found_by_its_page_checksums(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    sealed = seal(closed(paths.spool("lander"), batch([b"%d" % (n * n) for n in range(500)])), paths, "lander")
    assert sealed.path is not None
    content = bytearray(sealed.path.read_bytes())
    content[len(content) // 3] ^= 1
    sealed.path.write_bytes(content)
    with pytest.raises(OSError, match="CRC"):
        pq.read_table(sealed.path, page_checksum_verification=True, partitioning=None)


def test_large_segments_are_written_in_row_groups_and_lose_no_row(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    size = 50_000
    parts = [batch([b"x"] * size, first=n * size) for n in range(5)]
    sealed = seal(closed(paths.spool("lander"), *parts), paths, "lander")
    assert sealed.rows == 5 * size
    assert sealed.path is not None
    metadata = pq.ParquetFile(sealed.path).metadata
    assert [metadata.row_group(n).num_rows for n in range(metadata.num_row_groups)] == [3 * size, 2 * size]


def test_what_is_no_segment_is_said_to_be_damaged(tmp_path: Path) -> None:
    path = tmp_path / "x.spool"
    path.write_bytes(b"something else entirely, and long enough for a header")
    with pytest.raises(CorruptFileError, match="does not begin as a segment"):
        seal(SegmentFile(_START, 0, path), DataPaths(tmp_path), "lander")
