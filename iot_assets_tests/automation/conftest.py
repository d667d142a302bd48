"""Fixtures of automation's tests: an instance that is kept on disk, as schedules and the clean-up need it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import dagster as dg
import pytest

from iot_assets_tests.dagster_house import DagsterHouse

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from iot_assets_tests.house import House


@pytest.fixture
def on_disk(house: House, tmp_path: Path) -> Iterator[DagsterHouse]:
    """A house whose instance is kept in SQLite, as the one we ship."""
    folder = tmp_path / "dagster"
    folder.mkdir()
    with dg.DagsterInstance.local_temp(str(folder)) as instance:
        yield DagsterHouse(house, instance)
