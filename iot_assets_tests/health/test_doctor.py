"""The doctor: each illness is found on a real house, said in a sentence, and not found on one that is well."""

from __future__ import annotations

import os
import subprocess
import sys
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

import pytest
from pydantic import SecretStr

from iot_assets.health import of_machine, of_parts
from iot_assets.health.doctor import examine
from iot_assets.health.examination import Patient, Result
from iot_assets.sections.server import Server
from iot_assets.settings import Dagster, Http, Mqtt, Settings
from iot_assets_tests.brokers import Mosquitto, free_port
from iot_assets_tests.house import House
from iot_assets_tests.lake_builder import LakeBuilder, said
from iot_assets_tests.serving.served import serve
from iot_assets_tests.serving.spooling import Spooling

NOW = datetime.now(UTC)
#: Programs that have the warehouse open until they are spoken to.
STRANGER = "import duckdb, sys; c = duckdb.connect(sys.argv[1]); print('open', flush=True); sys.stdin.read()"
RUN = """
import sys, pathlib
from iot_assets.warehouse.connection import Warehouse
with Warehouse(pathlib.Path(sys.argv[1])).connect():
    print("open", flush=True)
    sys.stdin.read()
"""


def patient(house: House, **settings: Any) -> Patient:
    return Patient(house.settings.model_copy(update=settings), datetime.now(UTC))


def only(results: Any) -> Result:
    (found,) = list(results)
    assert isinstance(found, Result)
    return found


def test_every_result_that_is_not_well_says_what_mends_it(house: House) -> None:
    settings = house.settings.model_copy(update={"mqtt": Mqtt(port=free_port()), "dagster": Dagster(port=free_port())})
    results = list(examine(settings, NOW))
    assert all(result.mend for result in results if result.verdict != "well")
    assert {"broker", "The lander is down", "Dagster is down"} <= {r.name for r in results if r.verdict == "ill"}


def test_examining_leaves_nothing_behind(house: House) -> None:
    before = {path: path.stat().st_mtime_ns for path in house.paths.root.rglob("*")}
    list(examine(house.settings, NOW))
    assert {path: path.stat().st_mtime_ns for path in house.paths.root.rglob("*")} == before


def test_a_broker_that_answers_is_well(house: House, mosquitto: Mosquitto) -> None:
    assert only(of_parts.broker(patient(house, mqtt=Mqtt(port=mosquitto.port)))).verdict == "well"
    mosquitto.stop()
    assert only(of_parts.broker(patient(house, mqtt=Mqtt(port=mosquitto.port)))).verdict == "ill"
    assert only(of_parts.broker(patient(house, mqtt=Mqtt(enabled=False)))).verdict == "well"


@pytest.mark.skipif(sys.platform != "linux", reason="ONLY LINUX TELLS WHO HOLDS A FILE, so this was not tested")
def test_a_stranger_who_has_the_warehouse_open_is_named_and_a_run_is_none(house: House) -> None:
    assert only(of_parts.warehouse(patient(house))).verdict == "well"
    for line, sentence in ((RUN, "A run has it open."), (STRANGER, "Process {pid} has")):
        command = [sys.executable, "-c", line, str(house.paths.warehouse)]
        with subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE) as other:
            assert other.stdout is not None
            other.stdout.readline()
            found = only(of_parts.warehouse(patient(house)))
            other.communicate()
        assert found.sentence.startswith(sentence.format(pid=other.pid))


def test_what_waits_in_the_spool_of_a_lander_that_is_gone_is_ill(house: House) -> None:
    spool = Spooling(house.paths)
    spool.take(said("a", 0, t=1))
    assert only(of_parts.spool(patient(house))).verdict == "well"
    long_ago = (datetime.now(UTC) - timedelta(hours=1)).timestamp()
    os.utime(spool.open_segment(), (long_ago, long_ago))
    assert only(of_parts.spool(patient(house))).verdict == "ill"
    (spool.folder / "damaged").mkdir()
    (spool.folder / "damaged" / "x.spool").touch()
    assert [r.verdict for r in of_parts.spool(patient(house))] == ["note", "ill"]


def test_a_publication_of_long_ago_is_ill_and_a_clock_behind_it_too(house: House) -> None:
    assert only(of_parts.publication(patient(house))).verdict == "note"
    LakeBuilder(house.paths).land(said("a", 0, t=1))
    house.run()
    house.publish()
    assert only(of_parts.publication(patient(house))).verdict == "well"
    later = Patient(house.settings, datetime.now(UTC) + timedelta(hours=2))
    assert only(of_parts.publication(later)).verdict == "ill"
    earlier = Patient(house.settings, datetime.now(UTC) - timedelta(hours=2))
    assert only(of_machine.clock(earlier)).verdict == "ill"
    assert only(of_machine.clock(patient(house))).verdict != "ill"


def test_files_of_another_user_and_secrets_that_all_may_read_are_found(house: House, tmp_path: Path) -> None:
    assert only(of_machine.folder(patient(house))).verdict == "well"
    secret = tmp_path / "password"
    secret.write_text("x")
    secret.chmod(0o644)
    named = {"mqtt": Mqtt(password_file=secret)}
    assert only(of_machine.secrets(patient(house, **named))).mend == f"chmod 600 {secret}"
    secret.chmod(0o600)
    assert only(of_machine.secrets(patient(house, **named))).verdict == "well"
    secret.unlink()
    assert only(of_machine.secrets(patient(house, **named))).verdict == "ill"
    if os.getuid() == 0:
        os.chown(house.paths.warehouse, 12345, 12345)
        assert only(of_machine.folder(patient(house))).verdict == "ill"


def test_a_stranger_on_a_port_of_ours_is_found(house: House, mosquitto: Mosquitto) -> None:
    ours = {
        "dagster": Dagster(port=free_port()),
        "http": Http(port=mosquitto.port),
        "server": Server(port=mosquitto.port),
    }
    assert [result.verdict for result in of_machine.ports(patient(house, **ours))] == ["well", "ill", "ill"]


def test_the_port_of_our_own_server_is_ours_and_none_is_looked_at_where_it_is_off(house: House) -> None:
    running = serve(house)
    try:
        at = {"server": Server(port=urlsplit(running.address).port or 0), "dagster": Dagster(port=free_port())}
        assert "is ours" in list(of_machine.ports(patient(house, **at)))[-1].sentence
        at["server"] = Server(port=0)
        assert len(list(of_machine.ports(patient(house, **at)))) == 1
    finally:
        running.close()


def test_a_password_is_never_told(house: House) -> None:
    hidden = Settings(data_dir=house.settings.data_dir, mqtt=Mqtt(username="u", password=SecretStr("open-sesame")))
    assert not [result for result in examine(hidden, NOW) if "open-sesame" in f"{result.sentence}{result.mend}"]
