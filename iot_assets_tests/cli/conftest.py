"""What tests of the command line share: a folder with settings by variables, and a house in it.

A module whose tests ask about the same rows has a function ``fill`` that puts them into a house; its tests get a copy
each, as ``published``.
"""

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


@pytest.fixture(scope="module")
def model(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory, empty_warehouse: Path) -> House:
    """The house that the module's own ``fill`` makes, published: made once, for that takes longer than most tests."""
    house = house_in(tmp_path_factory.mktemp("model"))
    shutil.copy(empty_warehouse, house.paths.warehouse)
    request.module.fill(house)
    house.publish()
    return house


@pytest.fixture
def published(at_home: House, model: House) -> House:
    """A copy of the model, and commands that are run in its folder."""
    shutil.copytree(model.paths.root, at_home.paths.root, dirs_exist_ok=True)
    return at_home
