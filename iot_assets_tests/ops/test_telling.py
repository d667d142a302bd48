"""What people see: lines, what is awaited, and the first gold rows; and logs that do not grow without end."""

from __future__ import annotations

import io
import os
from pathlib import Path

import duckdb
import pytest

from iot_assets.ops import logs
from iot_assets.ops.logs import Log
from iot_assets.ops.narrator import Narrator
from iot_assets.ops.published import GoldWatch


class Terminal(io.StringIO):
    def isatty(self) -> bool:
        return True


def test_on_a_terminal_what_is_awaited_is_overwritten(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("COLUMNS", "20")
    out = Terminal()
    narrator = Narrator(out)
    narrator.awaiting("waiting")
    narrator.awaiting("waiting")
    narrator.awaiting("waiting for something very long")
    narrator.say("done")
    assert out.getvalue() == f"waiting\r{' ' * 7}\rwaiting for someth…\r{' ' * 19}\rdone\n"


def test_elsewhere_there_are_only_whole_lines() -> None:
    out = io.StringIO()
    narrator = Narrator(out)
    narrator.awaiting("waiting")
    narrator.say("done")
    assert out.getvalue() == "done\n"


def publish(path: Path, rows: int) -> None:
    """As the platform does: a whole new file, swapped in."""
    unfinished = path.with_suffix(".new")
    unfinished.unlink(missing_ok=True)
    with duckdb.connect(str(unfinished)) as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute("create schema gold")
        connection.execute(
            "create table gold.readings_1min as select timestamptz '2025-11-12 08:00:00+00' + to_minutes(n::bigint)"
            f" as bucket_at from range({rows}) t(n)"
        )
    os.utime(unfinished, ns=(rows, rows))
    unfinished.replace(path)


def test_the_first_gold_rows_are_told_and_once_more_when_they_grow(tmp_path: Path) -> None:
    path = tmp_path / "serving.duckdb"
    watch = GoldWatch(path)
    assert watch() is None
    publish(path, 0)
    assert watch() is None
    publish(path, 3)
    assert watch() == "gold       3 rows in gold.readings_1min, the newest of 08:02 UTC"
    assert watch() is None
    publish(path, 5)
    told = watch()
    assert told is not None
    assert told.startswith("gold       grows: 5 rows, the newest of 08:04 UTC")
    publish(path, 9)
    assert watch() is None


def test_rows_from_before_are_told_apart_from_new_ones(tmp_path: Path) -> None:
    path = tmp_path / "serving.duckdb"
    publish(path, 3)
    watch = GoldWatch(path)
    assert watch() is None
    publish(path, 4)
    assert watch() == "gold       4 rows in gold.readings_1min, the newest of 08:03 UTC, 3 of them from before"


def test_a_file_that_is_no_database_is_passed_over(tmp_path: Path) -> None:
    path = tmp_path / "serving.duckdb"
    path.write_text("half written")
    assert GoldWatch(path)() is None


def test_a_log_that_has_grown_too_long_is_begun_anew_while_it_is_written(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(logs, "LOG_BYTES", 100)
    log = Log(tmp_path, "part")
    descriptor = log.open()
    os.write(descriptor, b"x" * 200 + b"\n")
    log.turn_over()
    os.write(descriptor, b"after\n")
    os.close(descriptor)
    assert log.path.read_bytes() == b"after\n"
    assert (tmp_path / "part.log.1").stat().st_size == 201


def test_a_log_is_quoted_by_its_last_lines_that_say_anything(tmp_path: Path) -> None:
    log = Log(tmp_path, "part")
    assert log.tail() == []
    log.path.write_bytes(b"\n".join([b"x" * 9000, b"one  ", b"", b"\xff two", b""]))
    assert log.tail(2) == ["one", "� two"]
