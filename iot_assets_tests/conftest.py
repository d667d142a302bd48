"""Fixtures that more than one room's tests use.

Belongs here: a real broker. Does not: what one room alone needs (its own ``conftest.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from pathlib import Path
from typing import TypeAlias

import pytest

from iot_assets_tests.brokers import FRIENDLY, STOCK, Mosquitto, find_mosquitto

MosquittoFactory: TypeAlias = Callable[..., Mosquitto]


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
