"""Exactly once: killed with SIGKILL anywhere in a unit and run again, the tables are those of an undisturbed run."""

from __future__ import annotations

import shutil
import signal
import subprocess
import sys
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets.warehouse.rebuild import forget
from iot_assets_tests.house import House, house_in, run_chain, tables_of
from iot_assets_tests.lake_builder import LakeBuilder, registry, said

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.house import Tables

#: A process that kills itself when it is about to run the n-th statement holding some words, or has just run it.
_VICTIM: Final = """
import os, signal, sys
from pathlib import Path
from iot_assets_tests.house import house_in, run_chain
folder, words, when = sys.argv[1:]
class Victim:
    def __init__(self, connection):
        self.connection = connection
    def __getattr__(self, name):
        return getattr(self.connection, name)
    def execute(self, sql, *more):
        if when == "before" and words in sql:
            os.kill(os.getpid(), signal.SIGKILL)
        result = self.connection.execute(sql, *more)
        if when == "after" and words in sql:
            os.kill(os.getpid(), signal.SIGKILL)
        if "insert into ops.applied" in sql and more[0][0] == words:
            self.marked = True
        if sql == "commit" and getattr(self, "marked", False) and when == "committed":
            os.kill(os.getpid(), signal.SIGKILL)
        return result
house = house_in(Path(folder))
with house.open() as connection:
    run_chain(Victim(connection), house.settings)
"""

_POINTS: Final = [
    ("insert into bronze.messages", "after"),
    ("bronze", "committed"),
    ("insert into silver.readings", "after"),
    ("delete from silver.outcomes", "before"),
    ("silver", "committed"),
    ("delete from gold.readings_1h", "after"),
    ("delete from ops.dirty", "after"),
    ("gold", "committed"),
]


def prepare(folder: Path, template: Path) -> House:
    """A house with a past, and with news that displace, correct and add."""
    house = house_in(folder)
    house.paths.root.mkdir(parents=True)
    shutil.copy(template, house.paths.warehouse)
    lake = LakeBuilder(house.paths)
    early = lake.make([said("a", 0, received=1, t=1), said("b", 1, t=2)])
    lake.land(said("a", 0, received=50, t=1), said("a", 61, t=3))
    house.run()
    early.place()
    lake.land(said("a", 61, received=100, t=4), registry(101, {"a": {"kind": "x"}}), said("b", 102, t=5))
    return house


@pytest.fixture(scope="module")
def undisturbed(tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> Tables:
    house = prepare(tmp_path_factory.mktemp("undisturbed") / "data", empty_warehouse)
    house.run()
    return house.tables()


@pytest.mark.parametrize(("words", "when"), _POINTS, ids=lambda part: part.replace(" ", "_"))
def test_killed_anywhere_and_run_again_the_tables_are_as_if_nothing_had_happened(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Tables, words: str, when: str
) -> None:
    house = prepare(tmp_path / "data", empty_warehouse)
    killed = subprocess.run(
        [sys.executable, "-c", _VICTIM, str(house.paths.root), words, when], check=False, capture_output=True, text=True
    )
    assert killed.returncode == -signal.SIGKILL, killed.stderr
    house.run()
    assert house.tables() == undisturbed


def test_running_twice_changes_nothing(tmp_path: Path, empty_warehouse: Path, undisturbed: Tables) -> None:
    house = prepare(tmp_path / "data", empty_warehouse)
    house.run()
    with house.open() as connection:
        marks = connection.execute("select * from ops.applied order by all").fetchall()
        entered, written, healed = run_chain(connection, house.settings)
        assert (entered, written, healed.written) == ([], [], {})
        assert tables_of(connection) == undisturbed
        assert connection.execute("select * from ops.applied order by all").fetchall() == marks


def test_a_rebuild_cut_short_after_forgetting_is_finished_by_the_next_run(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Tables
) -> None:
    house = prepare(tmp_path / "data", empty_warehouse)
    house.run()
    with house.open() as connection:
        days = [day for (day,) in connection.execute("select distinct landed_on from bronze.files").fetchall()]
        for day in days:
            forget(connection, day)
    assert house.ask("select count(*) from silver.readings") == [(0,)]
    house.run()
    assert house.tables() == undisturbed


def test_forgetting_a_day_leaves_what_another_file_of_another_day_brought(house: House) -> None:
    lake = LakeBuilder(house.paths)
    file = lake.land(said("a", 0, t=1))
    elsewhere = house.paths.landed / "date=2025-11-13" / "hour=00" / file.path.name
    elsewhere.parent.mkdir(parents=True)
    house.run()
    shutil.copy(file.path, elsewhere)
    house.run()
    before = house.tables()
    assert [row[3] for row in before["bronze.files"]] == ["entered", "corrupt"]
    house.rebuild(lake.make([said("a", 86_400, t=1)]).messages[0].message.received_at.date())
    assert house.tables() == before


def test_deleting_the_warehouse_file_and_running_again_gives_equal_tables(
    tmp_path: Path, empty_warehouse: Path, undisturbed: Tables
) -> None:
    house = prepare(tmp_path / "data", empty_warehouse)
    house.run()
    house.paths.warehouse.unlink()
    house.run()
    assert house.tables() == undisturbed
