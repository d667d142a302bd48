"""What docs/deploy.md tells to use: units and containers start what there is, with settings that are right."""

from __future__ import annotations

import re
import runpy
import shlex
import shutil
import subprocess
import sys
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Final

import dagster as dg
import pytest
import yaml

from iot_assets.cli.main import VERBS
from iot_assets.settings import load_settings

ROOT: Final = Path(__file__).parents[2]
UNITS: Final = sorted((ROOT / "deploy" / "systemd").iterdir())
CELERY: Final = ROOT / "deploy" / "celery"
LAUNCHER: Final[dict[str, Any]] = yaml.safe_load((CELERY / "run_launcher.yaml").read_text(encoding="utf-8"))
PLACE: Final = "/srv/iot_assets"
COMPOSE: Final[dict[str, Any]] = yaml.safe_load((ROOT / "deploy" / "compose.yaml").read_text(encoding="utf-8"))
PARTS: Final = {name: part for name, part in COMPOSE["services"].items() if part["image"] == "iot-assets"}


@pytest.mark.skipif(
    shutil.which("systemd-analyze") is None, reason="SYSTEMD IS NOT INSTALLED: the units were not verified"
)
def test_systemd_takes_the_units(tmp_path: Path) -> None:
    for unit in UNITS:
        text = unit.read_text(encoding="utf-8").replace(f"{PLACE}/.venv/bin", str(Path(sys.executable).parent))
        (tmp_path / unit.name).write_text(text.replace(PLACE, str(ROOT)), encoding="utf-8")
    command = ["systemd-analyze", "verify", "--man=no", *sorted(str(unit) for unit in tmp_path.iterdir())]
    done = subprocess.run(command, capture_output=True, text=True, check=False)
    told = [line for line in done.stderr.splitlines() if re.search(r"\biot-", line)]
    assert (done.returncode, told) == (0, [])


def test_every_verb_that_a_unit_or_a_container_runs_is_one() -> None:
    run = [line for unit in UNITS for line in unit.read_text(encoding="utf-8").splitlines() if "ExecStart" in line]
    verbs = {line.split("/iot-assets ")[1].split()[0] for line in run if "/iot-assets " in line}
    verbs |= {part["command"][0] for part in PARTS.values() if "entrypoint" not in part}
    assert {"land", "serve", "alerts", "backup"} <= verbs <= set(VERBS)


def test_the_page_and_the_manual_name_every_unit_and_service() -> None:
    page = (ROOT / "docs" / "deploy.md").read_text(encoding="utf-8")
    assert [name for name in [*COMPOSE["services"], *(unit.stem for unit in UNITS)] if name not in page] == []


def test_the_warm_worker_and_its_launcher_meet_at_a_redis_that_only_this_machine_reaches(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.delenv("CELERY_BROKER_URL", raising=False)
    worker = runpy.run_path(str(CELERY / "dagster_celery_config.py"))
    assert {worker["broker_url"], worker["result_backend"], *LAUNCHER["run_launcher"]["config"].values()} == {
        "redis://127.0.0.1:6379/0"
    }


@pytest.mark.skipif(
    find_spec("dagster_celery") is None, reason="DAGSTER-CELERY IS NOT INSTALLED: its launcher was not loaded"
)
def test_dagster_takes_the_launcher_in_our_instances_settings(tmp_path: Path) -> None:
    settings = (ROOT / "dagster.yaml").read_text(encoding="utf-8").replace("data/dagster", str(tmp_path / "storage"))
    (tmp_path / "dagster.yaml").write_text(settings + (CELERY / "run_launcher.yaml").read_text(encoding="utf-8"))
    with dg.DagsterInstance.from_config(str(tmp_path)) as instance:
        assert type(instance.run_launcher).__name__ == LAUNCHER["run_launcher"]["class"]


@pytest.mark.parametrize("name", sorted(PARTS))
def test_a_containers_settings_are_right(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    for variable, value in PARTS[name]["environment"].items():
        monkeypatch.setenv(variable, value)
    settings = load_settings()
    assert settings.mqtt.host in COMPOSE["services"]
    assert settings.dagster.host in COMPOSE["services"]
    assert settings.http.host in ({"0.0.0.0"} if name == "lander" else {"lander"})


@pytest.mark.parametrize("name", sorted(COMPOSE["services"]))
def test_ports_are_this_machines_own_and_what_stays_up_has_a_health_check(name: str) -> None:
    part = COMPOSE["services"][name]
    assert all(port.startswith("127.0.0.1:") for port in part.get("ports", []))
    if part["restart"] != "no" and name != "alerts":
        assert part["healthcheck"]["test"][0] == "CMD"
    if name in PARTS:
        assert part["read_only"]
        assert part["cap_drop"] == ["ALL"]


def test_the_image_is_made_of_files_that_there_are_and_runs_as_nobody_special() -> None:
    text = (ROOT / "Containerfile").read_text(encoding="utf-8")
    copied = [word for line in re.findall(r"^COPY (?!--from)(.*)$", text, re.MULTILINE) for word in line.split()[:-1]]
    assert all((ROOT / name).exists() for name in copied)
    let_in = (ROOT / ".containerignore").read_text(encoding="utf-8")
    assert [name for name in copied if f"!{name}\n" not in let_in] == []
    assert re.search(r"^USER \d+$", text, re.MULTILINE)


def test_the_image_installs_the_versions_that_are_tested() -> None:
    found = {}
    for name in ("run", "dev"):
        text = (ROOT / "requirements" / f"{name}.txt").read_text(encoding="utf-8")
        found[name] = set(re.findall(r"^([\w.\[\]-]+==[\w.]+)", text, re.MULTILINE))
    assert found["run"]
    assert found["run"] <= found["dev"]


def test_dagsters_storage_is_made_by_the_very_command_of_the_container(tmp_path: Path) -> None:
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    (command,) = PARTS["dagster-storage"]["command"]
    home = tmp_path / "data" / "dagster"
    bin_folder = shlex.quote(str(Path(sys.executable).parent))
    script = f"PATH={bin_folder}:$PATH; export DAGSTER_HOME={shlex.quote(str(home))}; {command.replace('$$', '$')}"
    done = subprocess.run(["sh", "-c", script], cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert (home / "dagster.yaml").exists()
    assert (home / "history" / "runs.db").exists()
    assert sorted(path.name for path in tmp_path.iterdir()) == ["dagster.yaml", "data", "workspace.yaml"]
