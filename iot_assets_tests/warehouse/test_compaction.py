"""Joining landed files: few files instead of many, the same messages, and no moment at which one is lost or doubled."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from dataclasses import replace
from datetime import UTC, date, datetime, timedelta
from importlib import resources
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow.parquet as pq
import pytest

from iot_assets.lake.paths import is_joined, list_landed
from iot_assets.landing.load import landed_rows, loading
from iot_assets.serving.trace import Figure, trace
from iot_assets.warehouse.bronze import read_landed
from iot_assets.warehouse.prune import prune
from iot_assets_tests.house import house_in
from iot_assets_tests.keeping import join, taken_in_anew
from iot_assets_tests.lake_builder import NOON, LakeBuilder, LandedParquet, Message, registry, said

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.house import House, Tables

AT_ONCE: Final = timedelta(0)
DAY: Final = 86_400


def landed(house: House) -> list[str]:
    """Paths of all landed files below their folders of days."""
    return sorted(file.path for file in list_landed(house.paths))


def messages(house: House) -> list[object]:
    """Ids of all messages that lie in the lake, as often as they do."""
    files = [house.paths.lake / path for path in landed(house)]
    return sorted(row for file in files for row in read_landed(file)["message_id"].to_pylist())


def but_for_the_ledger(tables: Tables) -> Tables:
    return {name: rows for name, rows in tables.items() if name != "bronze.files"}


def books_balance(house: House) -> bool:
    sweep = resources.files("iot_assets.checks").joinpath("sql", "books_balance_everywhere.sql")
    return not house.ask(sweep.read_text(encoding="utf-8"))


@pytest.fixture(scope="module")
def two_days(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> tuple[House, list[LandedParquet]]:
    """A house with two days of four files each: a duplicate, a correction, a reject, a registry; all is published."""
    house = house_in(tmp_path_factory.mktemp("two_days"))
    shutil.copy(empty_warehouse, house.paths.warehouse)
    lake = LakeBuilder(house.paths)
    made = []
    for day in range(2):
        start = DAY * day
        made += [
            lake.land(said("a", start, t=1), registry(start + 1, {"a": {"kind": str(day)}})),
            lake.land(said("a", start, received=start + 2, t=1), said("b", start + 3, t=3)),
            lake.land(said("a", start, received=start + 3600, t=2)),
            lake.land(Message(received_at=NOON + timedelta(seconds=start + 3601), topic="devices/a/x", payload=b"{")),
        ]
    house.run()
    house.publish()
    return house, made


@pytest.fixture
def files(house: House, two_days: tuple[House, list[LandedParquet]]) -> list[LandedParquet]:
    """The house holds those two days."""
    original, made = two_days
    shutil.copytree(original.paths.root, house.paths.root, dirs_exist_ok=True)
    return [replace(file, path=house.paths.root / file.path.relative_to(original.paths.root)) for file in made]


def test_a_days_files_become_one_with_the_same_messages(house: House, files: list[LandedParquet]) -> None:
    before, ids = but_for_the_ledger(house.tables()), messages(house)
    done = join(house)
    assert (done.joined, done.made, done.deleted) == (8, 2, 0)
    assert house.ask("select state, count(*), sum(rows) from bronze.files group by all order by all") == [
        ("compacted_into", 8, 12),
        ("entered", 2, 12),
    ]
    house.publish()
    assert join(house, grace=AT_ONCE).deleted == 8
    assert len(landed(house)) == 2
    assert all(is_joined(path) for path in landed(house))
    assert messages(house) == ids
    for file in list_landed(house.paths):
        table = pq.ParquetFile(house.paths.lake / file.path).read()
        assert table["message_id"].to_pylist() == sorted(table["message_id"].to_pylist())
    assert but_for_the_ledger(house.tables()) == before
    assert house.run() == [], "a joined file is no news"
    assert but_for_the_ledger(house.tables()) == before
    assert books_balance(house)


def test_a_joined_file_is_no_larger_than_those_it_was_joined_from(house: House, tmp_path: Path) -> None:
    lake = LakeBuilder(house.paths)
    for n in range(20):
        lake.land(*(said(f"device_{i}", n * 60 + i / 10, t=i) for i in range(100)))
    house.run()
    house.publish()
    before = sum(file.bytes for file in list_landed(house.paths))
    join(house, most=100_000)
    assert sum(file.bytes for file in list_landed(house.paths) if file.joined) < before / 3


def test_what_the_published_ledger_does_not_know_is_not_joined(house: House, files: list[LandedParquet]) -> None:
    lake = LakeBuilder(house.paths, start_ms=1_770_000_000_000)
    lake.land(said("c", 0, t=1))
    lake.land(said("c", 1, t=1))
    house.run()
    assert join(house).joined == 8
    house.publish()
    assert join(house).joined == 2


def test_the_newest_days_are_left_alone(house: House) -> None:
    now = (datetime.now(UTC) - NOON).total_seconds()
    lake = LakeBuilder(house.paths)
    lake.land(said("a", now, t=1))
    lake.land(said("a", now + 1, t=1))
    house.run()
    house.publish()
    assert join(house, after_days=1).joined == 0


def test_landers_and_their_starts_are_joined_apart(house: House) -> None:
    landers = [
        LakeBuilder(house.paths, "one"),
        LakeBuilder(house.paths, "two"),
        LakeBuilder(house.paths, "one", 1_770_000_000_000),
    ]
    for n in range(2):
        for lake in landers:
            lake.land(said("a", n, t=n))
    house.run()
    house.publish()
    assert join(house).made == 3
    assert house.ask("select count(distinct lander), count(*) from bronze.files where state = 'entered'") == [(2, 3)]


def test_a_joined_file_holds_no_more_than_one_transaction_takes(house: House, files: list[LandedParquet]) -> None:
    assert join(house, most=5).made == 2
    house.publish()
    rows = house.ask("select rows from bronze.files where state = 'entered' order by path")
    assert [n for (n,) in rows] == [5, 1, 5, 1]
    assert join(house, most=5).made == 0, "what is large enough is not written again each hour"
    assert join(house, most=6).made == 2, "a joined file may be joined again"
    house.publish()
    assert join(house, most=6, grace=AT_ONCE).deleted == 10
    assert len(landed(house)) == 2
    assert join(house, most=6, grace=AT_ONCE).deleted == 0


def test_where_a_file_is_missing_its_place_is_kept_and_it_can_be_brought_later(
    house: House, tmp_path: Path, empty_warehouse: Path
) -> None:
    lake = LakeBuilder(house.paths)
    made = [lake.make([said("a", n, t=n)]) for n in range(5)]
    for n in (0, 1, 3, 4):
        made[n].place()
    house.run()
    house.publish()
    assert join(house).made == 2
    house.publish()
    join(house, grace=AT_ONCE)
    made[2].place()
    house.run()
    assert house.ask("select count(*), count(distinct event_at) from silver.readings") == [(5, 5)]
    house.publish()
    join(house, grace=AT_ONCE)
    house.publish()
    join(house, grace=AT_ONCE)
    assert len(landed(house)) == 1
    assert but_for_the_ledger(taken_in_anew(house, tmp_path / "anew", empty_warehouse).tables()) == but_for_the_ledger(
        house.tables()
    )


def test_files_are_deleted_only_when_the_joined_one_is_published_whole_and_the_grace_time_over(
    house: House, files: list[LandedParquet]
) -> None:
    join(house)
    assert join(house, grace=AT_ONCE).deleted == 0, "the joined file is not published yet"
    house.publish()
    assert join(house).deleted == 0, "the grace time is not over"
    joined = [house.paths.lake / path for path in landed(house) if is_joined(path)]
    kept = joined[0].read_bytes()
    joined[0].write_bytes(kept[: len(kept) // 2])
    assert join(house, grace=AT_ONCE).deleted == 4, "one joined file is damaged"
    joined[0].write_bytes(kept)
    assert join(house, grace=AT_ONCE).deleted == 4


def test_the_ledger_keeps_rows_of_deleted_files_while_bronze_names_them(
    house: House, files: list[LandedParquet]
) -> None:
    join(house)
    house.publish()
    with house.open() as connection:
        prune(connection, bronze_days=1)
    join(house, grace=AT_ONCE)
    # Messages of rejects and registries stay in bronze, and replay asks which file and lander they are of.
    assert house.ask("select count(*) from bronze.messages") == [(4,)]
    assert house.ask("select count(*) from bronze.messages semi join bronze.files using (file_id)") == [(4,)]
    assert house.ask("select count(*) from bronze.files where state = 'compacted_into'") == [(4,)]


def test_a_rebuild_of_a_joined_day_gives_equal_tables(house: House, files: list[LandedParquet]) -> None:
    before = house.tables()
    for grace in (timedelta(hours=1), AT_ONCE):
        join(house, grace=grace)
        house.publish()
        for day in {date.fromisoformat(file.messages[0].landed_on) for file in files}:
            house.rebuild(day)
        assert but_for_the_ledger(house.tables()) == but_for_the_ledger(before)
        assert books_balance(house)
    assert len(landed(house)) == 2


@pytest.mark.parametrize("gone", [(), (0,), (1, 2), (0, 1, 2, 3)], ids=str)
def test_everything_is_taken_in_anew_from_joined_files_and_what_is_left_beside_them(
    house: House, files: list[LandedParquet], tmp_path: Path, empty_warehouse: Path, gone: tuple[int, ...]
) -> None:
    before = house.tables()
    join(house)
    ledger = house.ask("select path, state, problem, rows from bronze.files order by path")
    for index in gone:
        files[index].path.unlink()
    anew = taken_in_anew(house, tmp_path / "anew", empty_warehouse)
    assert but_for_the_ledger(anew.tables()) == but_for_the_ledger(before)
    assert books_balance(anew)
    lost = {files[index].path.relative_to(house.paths.lake).as_posix() for index in gone}
    assert anew.ask("select path, state, problem, rows from bronze.files order by path") == [
        row for row in ledger if row[0] not in lost
    ]
    anew.publish()
    join(anew, grace=AT_ONCE)
    assert len(landed(anew)) == 2
    assert not (anew.paths.lake / "damaged").exists()


def test_files_joined_again_and_again_are_taken_in_anew_whichever_of_them_are_left(
    house: House, tmp_path: Path, empty_warehouse: Path
) -> None:
    lake = LakeBuilder(house.paths)
    for n in range(4):
        lake.land(said("a", n, t=n))
        house.run()
        house.publish()
        join(house)
    assert len(landed(house)) == 7
    before = house.tables()
    for index, path in enumerate([None, *landed(house)[:-1]]):
        if path is not None:
            (house.paths.lake / path).unlink()
        anew = taken_in_anew(house, tmp_path / f"anew{index}", empty_warehouse)
        assert but_for_the_ledger(anew.tables()) == but_for_the_ledger(before)
        assert anew.ask("select rows from bronze.files where state = 'entered'") == [(4,)]
        assert not (anew.paths.lake / "damaged").exists()


@pytest.mark.parametrize("ledger_is_pruned", [False, True])
def test_a_file_that_a_killed_lander_lands_again_after_it_was_joined_is_not_taken_in_twice(
    house: House, files: list[LandedParquet], *, ledger_is_pruned: bool
) -> None:
    join(house)
    house.publish()
    if ledger_is_pruned:
        with house.open() as connection:
            prune(connection, bronze_days=1)
            connection.execute("delete from bronze.messages where source = 'registry' or payload = '{'")
    join(house, grace=AT_ONCE)
    assert len(landed(house)) == 2
    before = house.tables()
    for file in files:
        file.place()
    house.run()
    assert but_for_the_ledger(house.tables()) == but_for_the_ledger(before)
    assert house.ask("select state, count(*) from bronze.files group by all order by all") == [
        ("compacted_into", 8),
        ("entered", 2),
    ]
    house.publish()
    join(house, grace=AT_ONCE)
    assert len(landed(house)) == 2
    assert books_balance(house)


def test_a_figure_is_traced_to_its_messages_before_and_after(house: House, files: list[LandedParquet]) -> None:
    figure = Figure("gold.readings_1h", "a", "t", NOON)
    (found,) = trace(house.paths, figure, 10)
    join(house)
    for grace in (timedelta(hours=1), AT_ONCE):
        (now,) = trace(house.paths, figure, 10)
        assert {**now, "file": 0, "row": 0} == {**found, "file": 0, "row": 0}
        assert now["payload"] == found["payload"] is not None
        house.publish()
        join(house, grace=grace)
    (at_last,) = trace(house.paths, figure, 10)
    assert is_joined(at_last["file"])
    row = pq.ParquetFile(house.paths.lake / at_last["file"]).read().slice(at_last["row"], 1)
    assert row["payload"].to_pylist() == [found["payload"]]


def test_files_joined_are_published_although_nothing_landed(house: House, files: list[LandedParquet]) -> None:
    assert not house.publish().changed
    join(house)
    assert house.publish().changed
    assert not house.publish().changed
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        found = connection.execute("select state, count(*) from bronze.files group by all order by all").fetchall()
    assert found == [("compacted_into", 8), ("entered", 2)]


def test_how_much_of_a_load_has_landed_is_not_counted_twice_beside_a_joined_file(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("iot_assets.landing.load._SEGMENT_BYTES", 1)
    for _ in range(2):
        with loading(house.paths, "load.x", "devices/a/up") as spool:
            for _ in range(3):
                spool.add([b'{"t": 1}'] * 2)
    house.run()
    house.publish()
    assert landed_rows(house.paths, "load.x") == 12
    assert join(house, after_days=-1).made == 2
    assert len(landed(house)) == 8
    assert landed_rows(house.paths, "load.x") == 12


_VICTIM: Final = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from iot_assets.serving.ledger import published_paths
from iot_assets.warehouse.compaction import compact_landed
from iot_assets_tests.house import house_in
folder, words, when = sys.argv[1:]
class Victim:
    def __init__(self, connection):
        self.connection, self.seen = connection, False
    def __getattr__(self, name):
        return getattr(self.connection, name)
    def execute(self, sql, *more):
        self.seen = self.seen or words in sql
        if self.seen and when == "before":
            os.kill(os.getpid(), signal.SIGKILL)
        result = self.connection.execute(sql, *more)
        if self.seen and sql == "commit":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
house = house_in(Path(folder))
with house.open() as connection:
    compact_landed(Victim(connection), house.paths, published=published_paths(house.paths), after_days=1,
                   most_messages=1000, grace=timedelta(hours=1))
"""


@pytest.mark.parametrize("a_run_comes_between", [False, True])
@pytest.mark.parametrize("when", ["before", "committed"])
def test_killed_between_the_rename_and_the_ledger_or_after_it_nothing_is_lost_or_doubled(
    house: House, files: list[LandedParquet], when: str, *, a_run_comes_between: bool
) -> None:
    before, ids = but_for_the_ledger(house.tables()), messages(house)
    killed = subprocess.run(
        [sys.executable, "-c", _VICTIM, str(house.paths.root), "max(file_id) + 1", when],
        check=False, capture_output=True, text=True,
    )  # fmt: skip
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert len([path for path in landed(house) if is_joined(path)]) == 1
    if a_run_comes_between:
        house.run()
        assert but_for_the_ledger(house.tables()) == before
    house.publish()
    join(house)
    house.publish()
    house.run()
    join(house, grace=AT_ONCE)
    assert messages(house) == ids
    assert but_for_the_ledger(house.tables()) == before
    assert house.ask("select state, count(*) from bronze.files group by all order by all") == [
        ("compacted_into", 8),
        ("entered", 2),
    ]
    assert not list((house.paths.lake / "damaged").rglob("*.parquet"))
    assert books_balance(house)


def test_a_copy_under_another_name_is_still_set_aside(house: House, files: list[LandedParquet]) -> None:
    copy = files[0].path.with_name(files[0].path.name.replace("lander", "other"))
    shutil.copy(files[0].path, copy)
    before = but_for_the_ledger(house.tables())
    house.run()
    assert but_for_the_ledger(house.tables()) == before
    assert house.ask("select lander, problem is null from bronze.files where state = 'corrupt'") == [("other", False)]
