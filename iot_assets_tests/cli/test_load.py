"""Loading someone's history: every record once, whatever the format, however often, and however often it is killed."""

from __future__ import annotations

import gzip
import json
import os
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import polars as pl
import pytest
from click.testing import CliRunner

from iot_assets.cli.load import load
from iot_assets.errors import InUseError
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.lock import LanderLock
from iot_assets_tests.house import house_in
from iot_assets_tests.landing.harness import landed_payloads, landed_rows

if TYPE_CHECKING:
    from pathlib import Path

TOPIC: Final = "devices/a/up"
START: Final = datetime(2024, 5, 1, tzinfo=UTC)


@pytest.fixture
def data(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The data folder of the settings in force."""
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IOT_DATA_DIR", str(tmp_path / "data"))
    return tmp_path / "data"


def records(count: int, *, minutes: int = 1) -> list[dict[str, Any]]:
    return [{"ts": (START + timedelta(minutes=minutes * n)).isoformat(), "t": n / 2} for n in range(count)]


def jsonl(rows: list[dict[str, Any]]) -> bytes:
    return b"".join(json.dumps(row).encode() + b"\n" for row in rows)


def run(*arguments: object, ok: bool = True) -> dict[str, str]:
    """Load; the summary, or with ``ok=False`` the sentence said."""
    result = CliRunner().invoke(load, [str(a) for a in arguments])
    if not ok:
        assert result.exit_code == 1, result.output
        return {"error": result.output}
    assert result.exit_code == 0, result.output
    return {line[:11].strip(): line[11:].strip() for line in result.stdout.splitlines() if line[10:11] == " "}


def test_each_line_becomes_a_message_and_the_summary_says_how_many(data: Path) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(b"\n" + jsonl(records(3)) + b"  \n{broken\n" + jsonl(records(4))[:-1])
    said = run(file, "--route", TOPIC)
    assert said["processed"] == "8 records of 1 files"
    assert said["landed"] == "8"
    assert said["rejected"].startswith("1 ")
    assert said["started"].startswith(f"{datetime.now(UTC):%Y-%m-%d}")
    assert float(said["took"].removesuffix(" s")) < 60
    assert landed_payloads(data) == [line.strip() for line in file.read_bytes().splitlines() if line.strip()]
    assert {(row["source"], row["topic"]) for row in landed_rows(data)} == {(f"load:{TOPIC}", TOPIC)}
    house = house_in(data)
    house.run()
    assert house.ask("select count(*), sum(value) from silver.readings") == [(4, 3.0)]
    assert house.ask("select outcome, messages from silver.outcome_counts order by all") == [
        ("duplicate", 3), ("rejected", 1), ("telemetry", 4),
    ]  # fmt: skip


def parquet(file: Path, rows: list[dict[str, Any]]) -> None:
    pl.DataFrame([{**row, "ts": datetime.fromisoformat(row["ts"])} for row in rows]).write_parquet(file)


WAYS: Final = {
    "history.jsonl": lambda file, rows: file.write_bytes(jsonl(rows)),
    "history.JSONL.gz": lambda file, rows: file.write_bytes(gzip.compress(jsonl(rows))),
    "history.csv": lambda file, rows: pl.DataFrame(rows).write_csv(file),
    "history.parquet": parquet,
}


@pytest.mark.parametrize("name", WAYS)
def test_the_same_history_gives_the_same_readings_in_any_format(data: Path, name: str) -> None:
    file = data.parent / name
    WAYS[name](file, records(6000))
    assert run(file, "--route", TOPIC)["landed"] == "6000"
    house = house_in(data)
    house.run()
    assert house.ask(
        "select count(*), min(event_at), max(event_at), sum(value), max(len(flags)) from silver.readings"
    ) == [(6000, START, START + timedelta(minutes=5999), sum(n / 2 for n in range(6000)), 1)]
    assert house.ask("select distinct flags from silver.readings") == [(["stale"],)]


def test_a_csv_column_that_is_whole_for_long_and_then_is_not(data: Path) -> None:
    file = data.parent / "history.csv"
    lines = ["ts,t", *(f"{START + timedelta(minutes=n):%Y-%m-%dT%H:%M:%SZ},{n}" for n in range(9000))]
    file.write_text("\n".join([*lines, "2024-06-01T00:00:00Z,0.5"]))
    assert run(file, "--route", TOPIC)["landed"] == "9001"
    assert landed_payloads(data)[-1] == b'{"ts":"2024-06-01T00:00:00Z","t":0.5}'


def test_loading_again_lands_nothing_and_says_so(data: Path) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(jsonl(records(10)))
    run(file, "--route", TOPIC)
    moved = file.rename(file.with_name("elsewhere.jsonl"))
    assert run(moved, "--route", TOPIC)["landed"] == "0, and 10 before"
    assert len(landed_payloads(data)) == 10


def test_a_window_leaves_out_what_is_dated_outside_it_and_nothing_else(data: Path) -> None:
    file = data.parent / "history.jsonl"
    odd = b'{"t": 100}\n{broken\n{"ts": 5, "t": 101}\n{"ts": "2999-01-01T00:00:00Z", "t": 102}\n'
    file.write_bytes(jsonl(records(5, minutes=720)) + odd)
    said = run(file, "--route", TOPIC, "--from", "2024-05-01T12:00:00", "--to", "2024-05-02T12:00:00")
    assert said["left out"] == "4 outside the window"
    # Undated, undecodable, with a clock that lost its battery: nobody can say that they are outside.
    assert [json.loads(p)["t"] if p != b"{broken" else None for p in landed_payloads(data)] == [0.5, 1, 100, None, 101]


def test_windows_of_one_file_are_loads_of_their_own(data: Path) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(jsonl(records(4, minutes=1440)))
    assert run(file, "--route", TOPIC, "--to", "2024-05-03")["landed"] == "2"
    assert run(file, "--route", TOPIC, "--from", "2024-05-03")["landed"] == "2"
    assert run(file, "--route", TOPIC, "--to", "2024-05-03")["landed"] == "0, and 2 before"
    assert sorted(landed_payloads(data)) == sorted(file.read_bytes().splitlines())


def test_times_read_otherwise_by_now_are_chosen_anew_rather_than_missed(
    data: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(jsonl([{"ts": f"2024-05-01T{hour:02}:30:00", "t": hour} for hour in range(24)]))
    run(file, "--route", TOPIC, "--to", "2024-05-01T12:00:00")
    options = {"timezone": "America/New_York", "device": "{device}"}
    route = {"topic": "devices/{device}/#", "convention": "flat_json", "options": options}
    monkeypatch.setenv("IOT_ROUTES", json.dumps([route]))
    said = run(file, "--route", TOPIC, "--to", "2024-05-01T12:00:00")
    assert said["landed"] == "8"


def test_several_files_are_loaded_one_after_the_other(data: Path) -> None:
    files = [data.parent / f"{n}.jsonl" for n in range(3)]
    for n, file in enumerate(files):
        file.write_bytes(jsonl([{"ts": START.isoformat(), "t": n}]))
    said = run(*files, "--route", TOPIC)
    assert (said["processed"], said["landed"]) == ("3 records of 3 files", "3")


@pytest.mark.parametrize(
    ("name", "content", "sentence"),
    [
        ("picture.jsonl", b"\x89PNG\r\n\x1a\n\0\0", "none of the first 3 records"),
        ("history.jsonl.gz", jsonl(records(3)), "cannot be read as gzip: Not a gzipped file"),
        ("cut.gz", gzip.compress(jsonl(records(3000)))[:-20], "cannot be read as gzip"),
        ("history.parquet", jsonl(records(3)), "cannot be read as Parquet"),
        ("empty.csv", b"", "cannot be read as CSV"),
        ("history.csv", b"ts;t\n2024-05-01T00:00:00Z;1\n", "separates its columns by ';'"),
    ],
)
def test_a_wrong_file_is_a_sentence_and_nothing_is_loaded(data: Path, name: str, content: bytes, sentence: str) -> None:
    (data.parent / name).write_bytes(content)
    said = run(name, "--route", TOPIC, ok=False)["error"]
    assert sentence in said
    assert name in said
    assert landed_payloads(data) == []


def test_a_topic_without_a_route_is_told_before_anything_lands_and_can_be_insisted_on(data: Path) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(jsonl(records(3)))
    assert "no route matches its topic" in run(file, "--route", "nobody/knows/this", ok=False)["error"]
    assert landed_payloads(data) == []
    assert run(file, "--route", "nobody/knows/this", "--anyway")["landed"] == "3"


def test_an_empty_file_is_no_fault(data: Path) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(b"\n")
    assert run(file, "--route", TOPIC)["landed"] == "0"


def test_a_file_that_is_being_loaded_is_not_loaded_by_another_process(data: Path) -> None:
    from iot_assets.landing.load import identity

    file = data.parent / "history.jsonl"
    file.write_bytes(jsonl(records(3)))
    name = identity(file, TOPIC, None, None)
    lock = LanderLock(DataPaths(data).spool(name), name)
    lock.acquire()
    try:
        result = CliRunner().invoke(load, [str(file), "--route", TOPIC])
    finally:
        lock.release()
    assert isinstance(result.exception, InUseError)


def test_killed_again_and_again_each_record_lands_exactly_once(data: Path) -> None:
    file = data.parent / "history.jsonl"
    file.write_bytes(jsonl(records(60_000)))
    command = [
        sys.executable,
        "-c",
        "from iot_assets.cli.main import main; main()",
        "load",
        str(file),
        "--route",
        TOPIC,
    ]
    seed = random.SystemRandom().randrange(1_000_000)
    chance = random.Random(seed)
    print("seed", seed)
    kills = 0
    for _ in range(4):
        process = subprocess.Popen(command, env=os.environ, stdout=subprocess.DEVNULL, stderr=subprocess.PIPE)
        before = _spooled(data)
        while process.poll() is None and _spooled(data) == before:
            time.sleep(0.002)
        time.sleep(chance.uniform(0, 0.3))
        process.kill()
        kills += process.wait() == -signal.SIGKILL
        assert process.stderr is not None
        process.stderr.close()
    assert kills
    subprocess.run(command, env=os.environ, check=True, capture_output=True)
    landed = landed_payloads(data)
    assert len(landed) == 60_000
    assert sorted(landed) == sorted(file.read_bytes().splitlines())
    print(kills, "kills")


def _spooled(data: Path) -> list[tuple[str, int]]:
    return sorted((p.name, p.stat().st_size) for p in (data / "spool").rglob("*.*") if p.is_file())
