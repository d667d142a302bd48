"""Status, doctor, watch, shell and completion as they are typed."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING

import pytest
from click.testing import CliRunner, Result

from iot_assets.cli.main import VERBS, root
from iot_assets_tests.brokers import free_port
from iot_assets_tests.lake_builder import NOON, LakeBuilder, said
from iot_assets_tests.serving.spooling import Spooling

if TYPE_CHECKING:
    from iot_assets_tests.house import House

#: Seconds of now after the noon that tests count from.
NOW_S = (datetime.now(UTC) - NOON).total_seconds()


def run(*arguments: str) -> Result:
    return CliRunner().invoke(root, arguments, catch_exceptions=False)


def program(*arguments: str, **environment: str) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "iot_assets", *arguments]
    return subprocess.run(command, capture_output=True, text=True, check=False, env={**os.environ, **environment})


def fill(house: House) -> None:
    LakeBuilder(house.paths).land(*(said("a[b]", NOW_S - 60 * n, t=n) for n in range(30)))
    house.run()


@pytest.fixture
def alone(published: House, monkeypatch: pytest.MonkeyPatch) -> House:
    """A house with tables, and with nothing that runs."""
    monkeypatch.setenv("IOT_DAGSTER__PORT", str(free_port()))
    monkeypatch.setenv("IOT_MQTT__PORT", str(free_port()))
    return published


@pytest.mark.usefixtures("alone")
def test_status_tells_figures_and_troubles_and_ends_with_1_where_something_is_broken() -> None:
    found = run("status")
    assert found.exit_code == 1
    assert "30 messages, 30 readings" in found.output
    assert "CRITICAL: The lander is down" in found.output
    told = json.loads(run("status", "--json").output)
    assert (told["ok"], told["messages"], told["readings"], told["waiting_files"]) == (False, 30, 30, 0)
    assert {part["name"]: part["runs"] for part in told["parts"]}["lander"] is False
    assert "lander_down" in {trouble["cause"] for trouble in told["troubles"]}
    assert told["messages_per_second"] == round(10 / 600, 2)


@pytest.mark.usefixtures("alone")
def test_status_is_well_where_what_is_missing_is_not_to_be_watched(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOT_ALERTS__IGNORE", '["lander_down", "dagster_down", "check_failed", "quality_band"]')
    assert run("status").exit_code == 0


def test_status_works_before_anything_has_ever_run(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("IOT_DATA_DIR", str(tmp_path / "not" / "yet"))
    assert run("status").exit_code == 1
    assert run("doctor").exit_code == 1
    assert not (tmp_path / "not").exists()


@pytest.mark.usefixtures("alone")
def test_the_doctor_tells_of_settings_that_cannot_be_read(monkeypatch: pytest.MonkeyPatch) -> None:
    assert "✓ settings" in run("doctor").output
    monkeypatch.setenv("IOT_MQTT__PROT", "1")
    (told,) = (json.loads(line) for line in run("doctor", "--json").output.splitlines())
    assert (told["verdict"], "did you mean 'port'?" in told["sentence"]) == ("ill", True)


@pytest.mark.usefixtures("alone")
def test_watch_shows_the_newest_readings_whatever_their_names_hold() -> None:
    found = run("watch", "--times", "2", "--every", "0.2", "--metric", "t")
    assert (found.exit_code, "a[b]" in found.output) == (0, True)
    assert "1 series of 1 devices" in found.output


@pytest.mark.usefixtures("alone")
def test_the_shell_is_duckdb_on_the_published_copy_and_can_change_nothing() -> None:
    asked = program("shell", "-csv", "-noheader", "-c", "select count(*), current_setting('TimeZone') from gold.latest")
    assert (asked.returncode, asked.stdout.strip()) == (0, "1,UTC"), asked.stderr
    assert "read-only" in program("shell", "-c", "delete from gold.latest").stderr


def test_the_shell_shows_what_is_not_published_and_says_how_fresh_that_is(at_home: House) -> None:
    def shell(sql: str) -> tuple[list[str], str]:
        asked = program("shell", "-csv", "-noheader", "-c", sql)
        return asked.stdout.split(), asked.stderr

    spool = Spooling(at_home.paths)
    spool.take(said("a", 0, t=1))
    spool.seal()
    at_home.run()
    at_home.publish()
    spool.take(said("a", 60, t=2.5), said("b", 61, t=7))
    spool.seal()
    spool.take(said("b", 62, t=8))
    latest, told = shell("select device_id, value from live_latest order by all")
    assert latest == ["a,2.5", "b,8.0"], told
    assert "3 readings that are not published yet, up to 2025-11-12 12:01:02 UTC" in told
    spool.seal()
    at_home.run()
    at_home.publish()
    counts, told = shell("select count(*) from live_readings union all select count(*) from silver.readings")
    assert (counts, "all that has landed is published" in told) == (["4", "4"], True)


def test_a_missing_duckdb_is_said_with_what_to_do(
    alone: House, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    monkeypatch.setattr(sys, "executable", str(tmp_path / "python"))
    found = CliRunner().invoke(root, ["shell"])
    assert "pip install duckdb-cli" in str(found.exception)


@pytest.mark.parametrize("shell", ["bash", "zsh", "fish"])
def test_completion_is_printed_for_each_shell(shell: str) -> None:
    assert "_IOT_ASSETS_COMPLETE" in run("completion", shell).output


def test_verbs_and_options_are_completed() -> None:
    words = {"COMP_WORDS": "iot-assets ", "COMP_CWORD": "1", "_IOT_ASSETS_COMPLETE": "bash_complete"}
    command = Path(sys.executable).parent / "iot-assets"
    done = subprocess.run([command], capture_output=True, text=True, check=False, env={**os.environ, **words})
    assert {line.split(",")[1] for line in done.stdout.splitlines()} == set(VERBS)
