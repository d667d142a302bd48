"""Locks: writers wait for each other, people who hold the file are named, readers of the published copy never wait."""

from __future__ import annotations

import os
import subprocess
import sys
import threading
from pathlib import Path
from typing import TYPE_CHECKING, Final

import duckdb
import pytest

from iot_assets.errors import InUseError, StorageError
from iot_assets.warehouse.connection import Warehouse
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    from collections.abc import Callable

    from iot_assets_tests.house import House

CLI: Final = Path(sys.executable).with_name("duckdb")
_WRITER: Final = """
import sys
from pathlib import Path
from iot_assets.warehouse.connection import Warehouse
for n in range(5):
    with Warehouse(Path(sys.argv[1])).connect() as connection:
        connection.execute("insert into ops.pruned values (now(), now())")
"""
_READER: Final = """
import sys, time
from pathlib import Path
import duckdb
path, stop = sys.argv[1], Path(sys.argv[2])
seen = []
while not stop.exists():
    with duckdb.connect(path, read_only=True) as connection:
        total = connection.execute("select sum(n), max(n) from gold.readings_1d").fetchall()
        again = connection.execute("select count(*) from silver.readings").fetchone()[0]
        assert total[0][0] == again, (total, again)
        seen.append(again)
    time.sleep(0.02)
assert seen == sorted(seen)
print(len(set(seen)))
"""


def test_two_processes_at_once_write_one_after_the_other(house: House) -> None:
    command = [sys.executable, "-c", _WRITER, str(house.paths.warehouse)]
    writers = [subprocess.Popen(command, stderr=subprocess.PIPE) for _ in range(2)]
    for writer in writers:
        assert writer.wait(120) == 0, writer.stderr
        assert writer.stderr is not None
        writer.stderr.close()
    assert house.ask("select count(*) from ops.pruned") == [(10,)]


def test_two_threads_at_once_write_one_after_the_other(house: House) -> None:
    def write() -> None:
        with house.open() as connection:
            connection.execute("insert into ops.pruned values (now(), now())")

    threads = [threading.Thread(target=write, name=f"writer-{n}") for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert house.ask("select count(*) from ops.pruned") == [(4,)]


@pytest.fixture
def person(house: House) -> Callable[[], None]:
    """Someone who has opened the warehouse file with the DuckDB program; to be called when they leave."""
    process = subprocess.Popen([CLI, str(house.paths.warehouse)], stdin=subprocess.PIPE, stdout=subprocess.PIPE)
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"select 'here';\n")
    process.stdin.flush()
    while b"here" not in process.stdout.readline():
        assert process.poll() is None

    def leave() -> None:
        process.communicate(b".quit\n", timeout=30)

    return leave


def test_whoever_holds_the_file_is_named_after_the_wait(house: House, person: Callable[[], None]) -> None:
    try:
        with (
            pytest.raises(InUseError, match=r"is in use by process \d+ \(.*duckdb.*\); close it there"),
            Warehouse(house.paths.warehouse, lock_wait_seconds=0.5).connect(),
        ):
            pass
    finally:
        person()
    assert house.ask("select count(*) from bronze.files") == [(0,)]


def test_a_run_goes_on_once_the_file_is_free(house: House, person: Callable[[], None]) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1))
    leaving = threading.Timer(1, person)
    leaving.start()
    house.run()
    leaving.join(30)
    assert house.ask("select count(*) from silver.readings") == [(1,)]


def test_our_own_lock_names_the_process_that_holds_it(house: House) -> None:
    with (
        house.open(),
        pytest.raises(InUseError, match=rf"is in use by process {os.getpid()}; wait until that run ends"),
        Warehouse(house.paths.warehouse, lock_wait_seconds=0.2).connect(),
    ):
        pass


def test_an_exception_leaves_neither_lock_nor_connection_behind(house: House) -> None:
    with pytest.raises(duckdb.Error), house.open() as connection:
        connection.execute("select no_such_thing")
    assert house.ask("select 1") == [(1,)]


def test_a_folder_that_cannot_be_made_is_said_in_a_sentence(tmp_path: Path) -> None:
    (tmp_path / "file").write_text("not a folder")
    with (
        pytest.raises(StorageError, match="cannot make the folder"),
        Warehouse(tmp_path / "file" / "data" / "iot.duckdb").connect(),
    ):
        pass


def test_readers_in_a_loop_see_whole_publications_and_no_error_while_they_are_swapped(
    house: House, tmp_path: Path
) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=0))
    house.run()
    house.publish()
    stop = tmp_path / "stop"
    command = [sys.executable, "-c", _READER, str(house.paths.serving), str(stop)]
    readers = [subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) for _ in range(2)]
    for n in range(1, 5):
        lake.land(said("a", n, t=n))
        house.run()
        assert house.publish().changed
    stop.touch()
    for reader in readers:
        out, error = reader.communicate(timeout=60)
        assert reader.returncode == 0, error
        assert int(out) >= 1


def test_an_open_handle_keeps_reading_what_it_opened(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=0))
    house.run()
    house.publish()
    reader = subprocess.Popen(
        [CLI, "-readonly", "-csv", str(house.paths.serving)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    )
    assert reader.stdin is not None
    assert reader.stdout is not None
    reader.stdin.write("select 'before ' || count(*) as n from silver.readings;\n")
    reader.stdin.flush()
    while "before 1" not in reader.stdout.readline():
        assert reader.poll() is None
    lake.land(said("a", 1, t=0))
    house.run()
    house.publish()
    out, _ = reader.communicate("select 'after ' || count(*) as n from silver.readings;\n", timeout=30)
    assert "after 1" in out
    with duckdb.connect(str(house.paths.serving), read_only=True) as fresh:
        assert fresh.execute("select count(*) from silver.readings").fetchone() == (2,)
