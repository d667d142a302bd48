"""Backups: whole or not there, cheap when little has changed, and proven when they are put back."""

from __future__ import annotations

import os
import shutil
import sqlite3
import subprocess
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner

from iot_assets.cli.main import root
from iot_assets.errors import InUseError
from iot_assets.lake.paths import DataPaths
from iot_assets.ops.backup.make import make_backup
from iot_assets.ops.backup.manifest import BackupError, backups, read_manifest
from iot_assets.ops.backup.restore import chosen, restore
from iot_assets.ops.claims import claim
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import LakeBuilder, said
from iot_assets_tests.serving.spooling import Spooling

if TYPE_CHECKING:
    from collections.abc import Iterator


@pytest.fixture
def full(house: House) -> Iterator[House]:
    """A house with something of everything."""
    LakeBuilder(house.paths, "other").land(*(said("a", n, t=n) for n in range(10)))
    house.run()
    house.publish()
    (house.paths.dagster / "history").mkdir(parents=True)
    with sqlite3.connect(house.paths.dagster / "history" / "runs.db") as connection:
        connection.executescript("pragma journal_mode = wal; create table runs as select 1 as id")
        yield house
    connection.close()


def take(house: House, target: Path, **others: Path) -> Path:
    return make_backup(house.paths, target, others=others)


def put_back(backup: Path, folder: Path) -> House:
    other = house_in(folder / "data")
    restore(backup, other.paths)
    return other


def test_what_is_put_back_has_the_same_tables_the_same_lake_and_the_same_storage(full: House, tmp_path: Path) -> None:
    before = full.tables()
    again = put_back(take(full, tmp_path / "kept"), tmp_path / "again")
    assert again.tables() == before
    assert [p.name for p in again.paths.landed.rglob("*.parquet")] == [
        p.name for p in full.paths.landed.rglob("*.parquet")
    ]
    with sqlite3.connect(again.paths.dagster / "history" / "runs.db") as connection:
        assert connection.execute("select id from runs").fetchall() == [(1,)]
    connection.close()
    assert not again.paths.serving.exists()  # it names the lake of the old place
    assert again.publish().changed
    shutil.rmtree(full.paths.root)
    back = House(full.settings)
    restore(chosen(tmp_path / "kept"), back.paths)
    assert back.paths.serving.exists()
    assert back.tables() == before


def test_what_lies_in_the_spool_is_kept_and_what_has_landed_meanwhile_is_in_it_once(
    full: House, tmp_path: Path
) -> None:
    spool = Spooling(full.paths)
    spool.take(said("b", 0, t=1))
    open_segment = spool.open_segment().read_bytes()
    first = take(full, tmp_path / "one")
    assert [name for name in read_manifest(first).files if name.startswith("spool/")] == [
        f"spool/lander/{spool.open_segment().name}"
    ]
    # The segment as it was before its end came, beside the file that all of it has landed in.
    segment = spool.open_segment()
    spool.take(said("b", 1, t=2))
    spool.seal()
    segment.write_bytes(open_segment)
    second = take(full, tmp_path / "two")
    names = list(read_manifest(second).files)
    assert not [name for name in names if name.startswith("spool/lander/") and name.endswith(".spool")]
    assert [name for name in names if Path(name).name.startswith("lander-")]


def test_the_next_backup_shares_the_files_of_the_lake_and_only_those(full: House, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    first, second = take(full, target), take(full, target)
    (landed,) = (name for name in read_manifest(first).files if name.startswith("lake/landed/"))
    assert (first / landed).stat().st_ino == (second / landed).stat().st_ino
    assert (first / "iot.duckdb").stat().st_ino != (second / "iot.duckdb").stat().st_ino
    assert read_manifest(second).copied_bytes < read_manifest(first).copied_bytes
    shutil.rmtree(first)
    assert put_back(second, tmp_path / "again").tables() == full.tables()


def test_only_so_many_are_kept_and_one_that_was_not_finished_is_none(full: House, tmp_path: Path) -> None:
    target = tmp_path / "kept"
    take(full, target)
    (target / "iot-20200101T000000Z.partial").mkdir()
    make_backup(full.paths, target, others={}, keep=1)
    assert len(list(target.iterdir())) == 1
    (target / "iot-20990101T000000Z").mkdir()
    assert len(backups(target)) == 1
    with pytest.raises(BackupError, match="not finished"):
        restore(target / "iot-20990101T000000Z", DataPaths(tmp_path / "again"))


@pytest.mark.parametrize("damage", ["changed", "missing"])
def test_a_damaged_backup_is_refused_and_leaves_nothing(full: House, tmp_path: Path, damage: str) -> None:
    made = take(full, tmp_path / "kept")
    file = made / "iot.duckdb"
    if damage == "changed":
        content = bytearray(file.read_bytes())
        content[5000] ^= 1
        file.write_bytes(content)
    else:
        file.unlink()
    with pytest.raises(BackupError, match="damaged" if damage == "changed" else "lacks"):
        put_back(made, tmp_path / "again")
    assert list((tmp_path / "again" / "data").iterdir()) == []


def test_nothing_is_put_over_data(full: House, tmp_path: Path) -> None:
    made = take(full, tmp_path / "kept")
    with pytest.raises(BackupError, match="is not empty"):
        restore(made, full.paths)
    (tmp_path / "again" / "data").mkdir(parents=True)
    (tmp_path / "again" / "data" / ".gitkeep").touch()
    put_back(made, tmp_path / "again")


def test_a_backup_waits_for_a_run_and_for_no_other_backup(full: House, tmp_path: Path) -> None:
    with claim(full.paths.root / "backup.lock", what="x", holder="y", advice="z"), pytest.raises(InUseError):
        take(full, tmp_path / "kept")
    with pytest.raises(BackupError, match="within the data folder"):
        take(full, full.paths.root / "kept")
    with pytest.raises(BackupError, match="there are no data"):
        make_backup(DataPaths(tmp_path / "nowhere"), tmp_path / "kept", others={})
    held = "import sys, pathlib; from iot_assets.warehouse.connection import Warehouse\n"
    held += "with Warehouse(pathlib.Path(sys.argv[1])).locked(): print('held', flush=True); sys.stdin.readline()"
    command = [sys.executable, "-c", held, str(full.paths.warehouse)]
    with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as run:
        assert run.stdout is not None
        assert run.stdin is not None
        run.stdout.readline()
        program = [sys.executable, "-m", "iot_assets", "backup", str(tmp_path / "kept")]
        environment = {**os.environ, "IOT_DATA_DIR": str(full.paths.root)}
        with subprocess.Popen(program, env=environment, stdout=subprocess.PIPE) as backup:
            with pytest.raises(subprocess.TimeoutExpired):
                backup.wait(3)
            run.stdin.write(b"\n")
            run.stdin.flush()
            assert backup.wait(60) == 0
    assert len(backups(tmp_path / "kept")) == 1


def test_a_lake_without_links_is_copied(full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def refuses(*_: object) -> None:
        raise OSError(18, "Invalid cross-device link")

    monkeypatch.setattr(os, "link", refuses)
    take(full, tmp_path / "kept")
    assert put_back(take(full, tmp_path / "kept"), tmp_path / "again").tables() == full.tables()


def test_settings_and_keys_are_in_it_and_the_command_line_says_where_they_belong(
    full: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    Path("iot.toml").write_text(f'data_dir = "{full.paths.root}"\n', encoding="utf-8")
    (full.paths.root / "api-keys.json").write_text("[]", encoding="utf-8")
    done = CliRunner().invoke(root, ["backup", "kept", "--keep", "3"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "It holds what was acknowledged before" in done.output
    done = CliRunner().invoke(root, ["restore", "kept", "--to", "again"], catch_exceptions=False)
    assert done.exit_code == 0, done.output
    assert "settings/iot.toml" in done.output
    assert Path("again/api-keys.json").read_text(encoding="utf-8") == "[]"
    assert not Path("again/settings").exists()
