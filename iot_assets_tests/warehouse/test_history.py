"""Closed days in the lake: written once, again when healed, dropped from the file and fetched back, never half."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pyarrow.parquet as pq
import pytest

from iot_assets.assets.watching import lag_check
from iot_assets.warehouse import bronze, history
from iot_assets.warehouse.publish import SPANNED
from iot_assets_tests.house import RUN, heal, house_in, rows_of
from iot_assets_tests.keeping import export, published, tables_with_lake, taken_in_anew
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

DAY: Final = 86_400
#: Seconds from the lake builder's noon to now.
NOW: Final = (datetime.now(UTC) - NOON).total_seconds()
AT_ONCE: Final = timedelta(0)


def days_ago(days: float, device: str = "a", *, late: bool = False, t: float) -> Message:
    """A reading of so many days ago, received a second later or, when late, now."""
    seconds = NOW - DAY * days
    return said(device, seconds, received=NOW if late else seconds + 1, t=t)


def exported(house: House) -> list[str]:
    """Files in the lake that are not landed ones."""
    found = [*(house.paths.lake / "silver").rglob("*.*"), *(house.paths.lake / "gold").rglob("*.*")]
    return sorted(p.relative_to(house.paths.lake).as_posix() for p in found if p.is_file())


def states(house: House, kind: str = "readings") -> list[tuple[int, str]]:
    """How many days ago, and the state, of each exported file."""
    rows = house.ask(f"select day, state from ops.history where kind = '{kind}' order by all")
    return [((datetime.now(UTC).date() - day).days, state) for day, state in rows]


def thawed(house: House) -> list[tuple[str, int, str]]:
    """What of cold days is in the warehouse file again: kind, how many days ago, device."""
    rows = house.ask("select kind, day, device_id from ops.thawed order by all")
    return [(kind, (datetime.now(UTC).date() - day).days, device) for kind, day, device in rows]


@pytest.fixture(scope="module")
def a_week(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> House:
    """A house with two readings a day, of today and of the six days before."""
    house = house_in(tmp_path_factory.mktemp("week"))
    shutil.copy(empty_warehouse, house.paths.warehouse)
    LakeBuilder(house.paths).land(
        *(days_ago(day, device, t=day + 0.1) for day in range(6, -1, -1) for device in ("b", "a"))
    )
    house.run()
    return house


@pytest.fixture
def week(house: House, a_week: House) -> House:
    """That house, one's own."""
    shutil.copytree(a_week.paths.root, house.paths.root, dirs_exist_ok=True)
    return house


def test_each_closed_day_is_exported_once_sorted_and_whole(week: House) -> None:
    assert export(week).written == 24
    files = exported(week)
    assert len(files) == 24
    assert states(week) == [(day, "hot") for day in range(6, 0, -1)]
    for file in files:
        table = pq.ParquetFile(week.paths.lake / file).read()
        keys = list(zip(table["device_id"].to_pylist(), table["metric"].to_pylist(), strict=True))
        assert keys == [("a", "t"), ("b", "t")]
    again = export(week)
    assert (again.written, again.evicted, again.deleted) == (0, 0, 0)
    assert exported(week) == files


def test_the_lake_holds_what_the_tables_held_to_the_bit(week: House) -> None:
    before = {table.full_name: [*week.tables()[table.full_name]] for table in SPANNED.values()}
    done = export(week, hot_days=2)
    assert done.evicted == 12
    assert week.ask("select count(*) from silver.readings") == [(6,)]
    assert published(week) == before
    assert published(week, whole_rows=100) == before, "cold days are no reason to publish less"


def test_a_large_table_is_published_as_a_view_that_any_client_reads_from_anywhere(week: House, tmp_path: Path) -> None:
    export(week, hot_days=2)
    week.publish(whole_rows=0)
    elsewhere = tmp_path / "elsewhere"
    elsewhere.mkdir()
    sums = "select device_id, count(*), round(sum(value), 1) from silver.readings group by all order by all"
    done = subprocess.run(
        [Path(sys.executable).with_name("duckdb"), "-readonly", "-csv", "-noheader", str(week.paths.serving), "-c",
         f"{sums}; select sum(n) from gold.readings_1min"],
        cwd=elsewhere, capture_output=True, text=True, check=True,
    )  # fmt: skip
    assert done.stdout.split() == ["a,7,21.7", "b,7,21.7", "14"]
    assert not done.stderr


def test_late_data_thaws_its_days_heals_them_and_they_are_exported_under_a_new_name(
    week: House, tmp_path: Path, empty_warehouse: Path
) -> None:
    export(week, hot_days=2)
    published(week)
    before = exported(week)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(
        days_ago(4.00001, late=True, t=50), days_ago(9, t=1, late=True)
    )
    week.run()
    assert thawed(week) == [("readings", 4, "a"), ("readings_1h", 4, "a"), ("readings_1min", 4, "a")]
    expected = taken_in_anew(week, tmp_path / "anew", empty_warehouse).tables()
    assert tables_with_lake(week) == expected
    assert published(week) == {name: expected[name] for name in published(week)}, "also before the next export"

    assert export(week, hot_days=2).written == 8
    assert set(before) < set(exported(week)), "what was replaced stays for those who read it"
    assert len(exported(week)) == len(before) + 8
    assert export(week, hot_days=2, grace=AT_ONCE).deleted == 0, "the publication still names it"
    assert published(week) == {name: expected[name] for name in published(week)}
    assert export(week, hot_days=2).deleted == 0, "the grace time is not over"
    assert export(week, hot_days=2, grace=AT_ONCE).deleted == 4
    assert published(week) == {name: expected[name] for name in published(week)}
    assert tables_with_lake(week) == expected
    assert len(set(before) & set(exported(week))) == len(before) - 4


def test_late_data_fetches_back_no_device_but_its_own(week: House) -> None:
    export(week, hot_days=2)
    before = tables_with_lake(week)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(days_ago(4.00001, late=True, t=50))
    week.run()
    old = "where event_at < now() - interval 3 days"
    assert week.ask(f"select device_id, value from silver.readings {old} order by all") == [("a", 4.1), ("a", 50.0)]
    assert len(tables_with_lake(week)["silver.readings"]) == len(before["silver.readings"]) + 1
    with week.open() as connection:
        day = datetime.now(UTC).date() - timedelta(days=4)
        assert connection.execute(
            f"select count(*) from ({history.of_day(connection, 'readings', day)})"
        ).fetchall() == [(3,)]


def test_late_duplicates_leave_the_file_again_and_the_lake_as_it_is(week: House) -> None:
    export(week, hot_days=2)
    before, files = tables_with_lake(week), exported(week)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(days_ago(4, late=True, t=4.1))
    week.run()
    assert thawed(week) == [("readings", 4, "a")]
    done = export(week, hot_days=2)
    assert (done.written, done.evicted) == (0, 1)
    assert thawed(week) == []
    assert exported(week) == files
    after = tables_with_lake(week)
    assert {n: after[n] for n in published(week)} == {n: before[n] for n in published(week)}


def test_days_that_came_late_and_were_never_exported_are_published_too(week: House) -> None:
    export(week, hot_days=2)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(*(days_ago(day, late=True, t=1) for day in range(20, 90)))
    week.run()
    found = published(week)
    assert found == {name: tables_with_lake(week)[name] for name in found}
    assert len(found["silver.readings"]) == 14 + 70


def test_more_late_days_than_can_be_copied_each_minute_are_published_with_the_next_export(
    week: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    export(week)
    monkeypatch.setattr("iot_assets.warehouse.spanned._CHANGED_ROWS", 3)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(
        *(days_ago(day + 0.00001, late=True, t=1) for day in (3, 5, 20, 21))
    )
    week.run()
    # Day 3 fits, with its two old readings; day 5 is published as the lake has it, days 20 and 21 are yet to come.
    assert len(published(week)["silver.readings"]) == 14 + 1
    export(week)
    assert len(published(week)["silver.readings"]) == 14 + 4


def test_a_platform_that_has_been_silent_until_all_its_days_were_cold_is_still_told_to_lag(house: House) -> None:
    LakeBuilder(house.paths).land(days_ago(9, t=1))
    house.run()
    assert export(house, hot_days=2).evicted == 3
    with house.open() as connection:
        check = lag_check(connection, house.settings)
    assert not check.passed
    assert check.facts["lag_seconds"] > 8 * DAY


def test_an_exported_file_of_an_older_version_lacks_what_came_later(week: House) -> None:
    export(week, hot_days=2)
    before = published(week)
    for path in (week.paths.lake / "silver").rglob("*.parquet"):
        pq.write_table(pq.read_table(path).drop_columns(["declared_id"]), path)
    assert published(week) == before


def test_a_long_day_is_exported_while_it_goes_on_and_published_with_what_has_come_since(
    house: House, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, empty_warehouse: Path
) -> None:
    monkeypatch.setattr("iot_assets.warehouse.export.OPEN_ROWS", 1)
    lake = LakeBuilder(house.paths)
    lake.land(*(days_ago(n / 100, device, t=n) for n in range(9, 0, -1) for device in ("a", "b")))
    house.run()
    assert export(house).written >= 3
    lake.land(days_ago(0.001, t=50), days_ago(0.04001, "b", late=True, t=51), days_ago(0.03, late=True, t=52))
    house.run()
    found = published(house)
    expected = taken_in_anew(house, tmp_path / "anew", empty_warehouse).tables()
    assert found == {name: expected[name] for name in found}
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        copied = connection.execute("select device_id, value from silver.readings_recent order by all").fetchall()
        assert {("a", 50.0), ("a", 52.0), ("b", 51.0)} <= set(copied)
        assert len(copied) < 18, "of the rest, what lies in other hours is read from the lake"
        connection.execute("set TimeZone = 'Asia/Kathmandu'")
        assert connection.execute("select count(*) from silver.readings").fetchall() == [(20,)]
    assert export(house).written >= 3
    assert published(house) == found
    assert house.ask("select count(*) from ops.touched_hours") == [(0,)]


def test_late_data_of_one_device_copies_no_more_than_its_hours(week: House) -> None:
    export(week)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(days_ago(4.00001, late=True, t=50))
    week.run()
    published(week)
    with duckdb.connect(str(week.paths.serving), read_only=True) as connection:
        old = (
            "select device_id, value from silver.readings_recent where event_at < now() - interval 3 days order by all"
        )
        assert connection.execute(old).fetchall() == [("a", 4.1), ("a", 50.0)]


def test_an_open_day_that_is_short_is_not_exported(house: House) -> None:
    LakeBuilder(house.paths).land(days_ago(0, t=1))
    house.run()
    assert export(house).written == 0
    assert exported(house) == []


def test_a_day_whose_minutes_are_yet_to_be_healed_stays_in_the_file(week: House) -> None:
    from iot_assets.assets import silver

    export(week, hot_days=2)
    LakeBuilder(week.paths, start_ms=1_770_000_000_000).land(days_ago(4.00001, late=True, t=50))
    with week.open() as connection:
        list(bronze.enter(connection, week.paths, run_id=RUN, most_messages=1000))
        silver.settle_pending(connection, week.settings, RUN)
    assert export(week, hot_days=2).evicted == 0
    assert thawed(week) == [("readings", 4, "a")]
    with week.open() as connection:
        heal(connection, week.settings)
    assert export(week, hot_days=2).evicted == 3
    assert week.ask("select count(*) from ops.dirty") == [(0,)]
    assert len(published(week)["silver.readings"]) == 15
    assert sum(row[3] for row in published(week)["gold.readings_1min"]) == 15


def test_the_newest_value_is_found_in_a_cold_day_when_a_rebuild_takes_away_what_is_newer(week: House) -> None:
    lake = LakeBuilder(week.paths, start_ms=1_770_000_000_000)
    lake.land(said("c", NOW - 5 * DAY, t=7))
    newer = lake.land(said("c", NOW, t=8))
    week.run()
    export(week, hot_days=2)
    newer.path.unlink()
    week.rebuild(datetime.now(UTC).date())
    assert week.ask("select value from gold.latest where device_id = 'c'") == [(7.0,)]
    assert (5, "cold") in states(week)


def test_a_rebuild_of_a_landed_day_whose_readings_are_cold_gives_equal_tables(week: House) -> None:
    before = tables_with_lake(week)
    export(week, hot_days=2)
    assert (6, "cold") in states(week)
    days = [day for (day,) in week.ask("select distinct landed_on from bronze.files")]
    for day in days:
        week.rebuild(day)
    assert tables_with_lake(week) == before
    export(week, hot_days=2)
    assert published(week) == {name: before[name] for name in published(week)}


def test_a_registry_that_comes_late_judges_cold_days_too(week: House, tmp_path: Path, empty_warehouse: Path) -> None:
    export(week, hot_days=2)
    LakeBuilder(week.paths, "other", 1_759_000_000_000).land(
        registry(NOW - 5 * DAY, {"a": {"metrics": {"t": {"unit": "K", "max": 3}}}})
    )
    week.run()
    expected = taken_in_anew(week, tmp_path / "anew", empty_warehouse).tables()
    assert tables_with_lake(week) == expected
    export(week, hot_days=2)
    assert published(week) == {name: expected[name] for name in published(week)}


def test_after_the_warehouse_is_deleted_its_exports_are_replaced_and_nobody_misses_them_meanwhile(week: House) -> None:
    export(week, hot_days=2)
    before = published(week)
    leftovers = exported(week)
    for file in leftovers:  # long ago
        os.utime(week.paths.lake / file, (0, 0))
    (week.paths.lake / leftovers[0]).with_suffix(".tmp").write_bytes(b"half")
    week.paths.warehouse.unlink()
    week.run()
    assert week.tables()["silver.readings"] == before["silver.readings"]

    export(week, hot_days=2, grace=AT_ONCE)
    assert set(leftovers) < set(exported(week)), "the publication of before the deletion still names them"
    with duckdb.connect(str(week.paths.serving), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        assert rows_of(connection, SPANNED["readings"]) == before["silver.readings"]
    assert published(week) == before
    export(week, hot_days=2, grace=AT_ONCE)
    assert not set(leftovers) & set(exported(week))
    assert len(exported(week)) == 24
    assert published(week) == before
    assert week.ask("select count(*) from ops.history where state = 'retired'") == [(0,)]


def test_a_day_that_a_rebuild_has_emptied_goes_from_the_lake(week: House) -> None:
    lake = LakeBuilder(week.paths, start_ms=1_770_000_000_000)
    file = lake.land(days_ago(20, late=True, t=1))
    week.run()
    export(week)
    file.path.unlink()
    week.rebuild(datetime.now(UTC).date())
    assert len(published(week)["silver.readings"]) == 14
    export(week)
    assert len(published(week)["silver.readings"]) == 14
    assert (20, "retired") in states(week)
    export(week, grace=AT_ONCE)
    assert len(exported(week)) == 24
    assert not list((week.paths.lake / "silver").rglob(f"date={datetime.now(UTC).date() - timedelta(days=20)}"))


@pytest.mark.parametrize("harm", ["gone", "other rows", "no parquet"])
def test_a_day_leaves_the_file_only_if_the_lake_really_has_it(week: House, harm: str) -> None:
    export(week)
    before = week.tables()["silver.readings"]
    (path,) = (week.paths.lake / p for p in exported(week) if p.startswith("silver") and "date=" in p and _days(p) == 6)
    (other,) = (week.paths.lake / p for p in exported(week) if p.startswith("silver") and _days(p) == 1)
    if harm == "gone":
        path.unlink()
    elif harm == "no parquet":
        path.write_bytes(b"something else")
    else:
        table = pq.ParquetFile(other).read()
        pq.write_table(table.slice(0, 1), path)
    assert export(week, hot_days=2).evicted == 11
    assert (6, "hot") in states(week)
    assert export(week, hot_days=2).evicted == 1
    assert published(week)["silver.readings"] == before


def _days(path: str) -> int:
    day = path.split("date=")[1][:10]
    return (datetime.now(UTC).date() - datetime.fromisoformat(day).date()).days


_VICTIM: Final = """
import os, signal, sys
from datetime import timedelta
from pathlib import Path
from iot_assets.warehouse.export import export
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
        if self.seen and (when == "after" or (when == "committed" and sql == "commit")):
            os.kill(os.getpid(), signal.SIGKILL)
        return result
with house_in(Path(folder)).open() as connection:
    export(Victim(connection), closed_after=timedelta(0), hot_days=2, grace=timedelta(0))
"""


@pytest.mark.parametrize(
    ("words", "when"),
    [
        ("copy (select", "after"),
        ("insert into ops.history", "before"),
        ("insert into ops.history", "committed"),
        ("delete from silver.readings", "after"),
        ("delete from gold.readings_1min", "committed"),
    ],
)
def test_a_killed_export_leaves_nothing_wrong(week: House, words: str, when: str) -> None:
    before = {table.full_name: week.tables()[table.full_name] for table in SPANNED.values()}
    killed = subprocess.run(
        [sys.executable, "-c", _VICTIM, str(week.paths.root), words, when], check=False, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    assert published(week, whole_rows=100) == before
    export(week, hot_days=2)
    assert published(week) == before
    export(week, hot_days=2, grace=AT_ONCE)
    assert len(exported(week)) == 24, "what the killed one left behind is gone"
    assert not list(week.paths.lake.rglob("*.tmp"))
    assert published(week) == before


def test_readers_never_meet_a_missing_or_a_half_file(week: House) -> None:
    from iot_assets_tests.story import reader

    export(week, hot_days=2)
    week.publish(whole_rows=0)
    stop = week.paths.root / "stop"
    bin_folder = str(Path(sys.executable).parent)
    readers = subprocess.Popen(
        [sys.executable, reader.__file__, str(week.paths.serving), str(stop), "python", "python", "cli"],
        env={**os.environ, "PATH": f"{bin_folder}{os.pathsep}{os.environ.get('PATH', '')}"},
        stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True,
    )  # fmt: skip
    lake = LakeBuilder(week.paths, start_ms=1_770_000_000_000)
    until = time.monotonic() + 6
    rounds = deleted = 0
    while time.monotonic() < until or deleted == 0:
        assert readers.poll() is None, readers.communicate()[0]
        # Four days are thawed, healed and written anew in each round; three seconds of grace are several rounds.
        lake.land(*(days_ago(day + (rounds + 1) / DAY, late=True, t=rounds) for day in (2, 3, 4, 5)))
        week.run()
        export(week, hot_days=2)
        week.publish(whole_rows=0)
        deleted += export(week, hot_days=2, grace=timedelta(seconds=3)).deleted
        rounds += 1
    stop.touch()
    said_by_readers = readers.communicate(timeout=60)[0]
    assert readers.returncode == 0, said_by_readers
    assert rounds > 1
    assert len(published(week)["silver.readings"]) == 14 + 4 * rounds


def test_the_log_of_checks_is_published_for_ever_its_old_days_from_the_lake(house: House) -> None:
    with house.open() as connection:
        connection.execute(
            "insert into gold.quality_log select now() - to_days(n), 'r', 'silver.readings', 'contract', true, 'WARN',"
            " 0, null, null from range(60) as t(n) order by 1"
        )
    export(house, hot_days=10)
    house.publish()
    assert house.ask("select count(*) < 15 from gold.quality_log") == [(True,)]
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        assert connection.execute("select count(*) from gold.quality_log").fetchall() == [(60,)]
