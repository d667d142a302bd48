"""What tests of the command line share: a folder with settings by variables, and a house in it."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iot_assets_tests.house import House, house_in

ROOT = Path(__file__).parents[2]


@pytest.fixture
def at_home(tmp_path: Path, empty_warehouse: Path, monkeypatch: pytest.MonkeyPatch) -> House:
    """An empty house, and commands that are run in its folder."""
    for name in ("dagster.yaml", "workspace.yaml"):
        shutil.copy(ROOT / name, tmp_path)
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("IOT_DATA_DIR", str(tmp_path / "data"))
    house = house_in(tmp_path / "data")
    house.paths.root.mkdir()
    shutil.copy(empty_warehouse, house.paths.warehouse)
    return house
