"""Fixtures that more than one room's tests use.

Belongs here: a real broker, an empty house, a house as Dagster runs it. Does not: what one room alone needs (its own
``conftest.py``).
"""

from __future__ import annotations

import shutil
from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import dagster as dg
import pytest
from hypothesis import HealthCheck, settings

from iot_assets_tests.brokers import FRIENDLY, STOCK, Mosquitto, find_mosquitto
from iot_assets_tests.dagster_house import DagsterHouse
from iot_assets_tests.house import House, house_in

# No test asserts on a time, properties neither. On top of what Hypothesis chose by itself, as it does in CI.
settings.register_profile("patient", settings(suppress_health_check=[HealthCheck.too_slow], deadline=None))
settings.load_profile("patient")

MosquittoFactory: TypeAlias = Callable[..., Mosquitto]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Begin with the stories, which take minutes: begun last, one worker would tell them while the other is idle."""
    items.sort(key=lambda item: item.get_closest_marker("story") is None)


@pytest.fixture
def mosquitto_factory(tmp_path: Path) -> Iterator[MosquittoFactory]:
    """Make brokers with configuration lines of one's own: ``mosquitto_factory(lines, start=True)``."""
    if find_mosquitto() is None:
        pytest.skip("MOSQUITTO IS NOT INSTALLED, so nothing here was tested against a real broker; install it")
    made: list[Mosquitto] = []

    def make(lines: Iterable[str] = FRIENDLY, *, start: bool = True) -> Mosquitto:
        broker = Mosquitto(tmp_path / f"mosquitto{len(made)}", lines)
        made.append(broker)
        if start:
            broker.start()
        return broker

    yield make
    for broker in made:
        broker.stop()


@pytest.fixture
def mosquitto(mosquitto_factory: MosquittoFactory) -> Mosquitto:
    """A running broker that queues plenty and keeps it on disk."""
    return mosquitto_factory(FRIENDLY)


@pytest.fixture
def stock_mosquitto(mosquitto_factory: MosquittoFactory) -> Mosquitto:
    """A running broker as it comes: 1,000 messages for an absent subscriber, 20 in flight, nothing on disk."""
    return mosquitto_factory(STOCK)


@pytest.fixture(scope="session")
def empty_warehouse(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A migrated warehouse file without a row, to be copied: making one takes longer than most tests."""
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


@pytest.fixture
def dagster_house(house: House) -> Iterator[DagsterHouse]:
    """The same with a Dagster instance that forgets."""
    with dg.DagsterInstance.ephemeral() as instance:
        yield DagsterHouse(house, instance)
