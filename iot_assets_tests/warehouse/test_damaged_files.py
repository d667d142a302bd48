"""Damaged landed files: each is recorded, set aside and holds up nobody; none is ever taken for sound."""

from __future__ import annotations

import random
import shutil
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iot_assets.errors import CorruptFileError
from iot_assets.lake.landed import FOOTER_ROWS, LANDED_SCHEMA
from iot_assets.warehouse import bronze
from iot_assets.warehouse.bronze import read_landed
from iot_assets_tests.lake_builder import LakeBuilder, LandedParquet, said

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iot_assets_tests.house import House


def truncate(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-20])


def garble(path: Path) -> None:
    content = bytearray(path.read_bytes())
    content[100:164] = bytes(byte ^ 1 for byte in content[100:164])  # within the first pages
    path.write_bytes(content)


def empty(path: Path) -> None:
    path.write_bytes(b"")


def not_parquet(path: Path) -> None:
    path.write_bytes(b"PAR1 says nothing of it PAR1")


def other_columns(path: Path) -> None:
    pq.write_table(pa.table({"message": ["hello"]}), path)


def other_types(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    at = LANDED_SCHEMA.get_field_index("session")
    pq.write_table(table.set_column(at, "session", table.column("session").cast(pa.int64())), path)


def rows_lost(path: Path) -> None:
    table = pq.ParquetFile(path).read()
    pq.write_table(table.slice(1).replace_schema_metadata({FOOTER_ROWS: str(table.num_rows).encode()}), path)


@pytest.mark.parametrize(
    "damage",
    [truncate, garble, empty, not_parquet, other_columns, other_types, rows_lost],
    ids=lambda f: f.__name__,
)
def test_a_damaged_file_is_set_aside_and_the_rest_goes_on(house: House, damage: Callable[[Path], None]) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1))
    bad = lake.land(said("a", 60, t=2), said("a", 61, t=2))
    lake.land(said("a", 120, t=3))
    damage(bad.path)
    house.run()
    assert house.ask("select state, rows, problem is null from bronze.files order by path") == [
        ("entered", 1, True),
        ("corrupt", 0, False),
        ("entered", 1, True),
    ]
    assert house.ask("select value from silver.readings order by 1") == [(1.0,), (3.0,)]
    assert not bad.path.exists()
    assert (house.paths.lake / "damaged" / bad.path.relative_to(house.paths.lake)).exists()


def test_a_mended_file_is_taken_in(house: House) -> None:
    bad = LakeBuilder(house.paths).make([said("a", 0, t=1)])
    bad.place()
    truncate(bad.path)
    house.run()
    bad.place()
    house.run()
    assert house.ask("select state, rows from bronze.files") == [("entered", 1)]
    assert house.ask("select count(*) from silver.readings") == [(1,)]


@pytest.mark.parametrize("at_once", [True, False], ids=["at_once", "later"])
def test_a_copy_under_another_name_brings_nothing(house: House, at_once: bool) -> None:  # noqa: FBT001
    lake = LakeBuilder(house.paths)
    file = lake.land(said("a", 0, timed=False, t=1))
    if not at_once:
        house.run()
    shutil.copy(file.path, file.path.with_name("lander-1760000000000-000077.parquet"))
    house.run()
    assert house.ask("select state, problem from bronze.files order by path") == [
        ("entered", None),
        ("corrupt", f"its messages have been brought already by {file.path.relative_to(house.paths.lake).as_posix()}"),
    ]
    assert house.ask("select count(*) from bronze.messages") == [(1,)]


def test_two_damaged_files_of_one_name_are_both_kept(house: House) -> None:
    file = LakeBuilder(house.paths).land(said("a", 0, t=1))
    twin = house.paths.landed / "date=2025-11-13" / "hour=00" / file.path.name
    twin.parent.mkdir(parents=True)
    twin.write_bytes(b"one")
    file.path.write_bytes(b"two")
    house.run()
    kept = sorted(path.read_bytes() for path in (house.paths.lake / "damaged").rglob("*.parquet"))
    assert kept == [b"one", b"two"]


def test_a_file_that_vanishes_while_it_is_listed_is_no_fault(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    lake = LakeBuilder(house.paths)
    gone = lake.land(said("a", 0, t=1))
    lake.land(said("a", 60, t=2))
    with house.open() as connection:
        listed = bronze.unentered(connection, house.paths)
    gone.path.unlink()
    monkeypatch.setattr(bronze, "unentered", lambda connection, paths: list(listed))
    house.run()
    assert house.ask("select path like '%000001.parquet' from bronze.files") == [(True,)]


def test_a_file_without_messages_is_entered_and_brings_none(house: House) -> None:
    LakeBuilder(house.paths).land()
    house.run()
    assert house.ask("select state, rows, first_message_id from bronze.files") == [("entered", 0, None)]
    assert house.ask("select count(*) from bronze.messages") == [(0,)]


def test_no_flipped_bit_anywhere_passes_for_sound(tmp_path: Path, house: House) -> None:
    file: LandedParquet = LakeBuilder(house.paths).land(*(said("a", n, t=n / 7) for n in range(20)))
    sound = file.path.read_bytes()
    whole = read_landed(file.path)
    broken = tmp_path / file.path.name
    places = random.Random(5)
    caught = 0
    for _ in range(400):
        content = bytearray(sound)
        content[places.randrange(len(content))] ^= 1 << places.randrange(8)
        broken.write_bytes(content)
        try:
            assert read_landed(broken).equals(whole)  # of the footer, not all says something that we read
        except CorruptFileError:
            caught += 1
    assert caught > 200
