"""Fixtures of the warehouse's tests: a house whose empty warehouse is copied and not migrated anew each time."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from iot_assets_tests.house import House, house_in


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated warehouse file without a row."""
    house = house_in(tmp_path_factory.mktemp("template"))
    house.ask("select 1")
    return house.paths.warehouse


@pytest.fixture
def house(tmp_path: Path, empty_warehouse: Path) -> House:
    """A house with an empty lake."""
    made = house_in(tmp_path / "data")
    made.paths.root.mkdir()
    shutil.copy(empty_warehouse, made.paths.warehouse)
    return made
