"""Fixtures of the intake: a lander with HTTP alone, in this process."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.landing.harness import Running
from iot_assets_tests.landing.intake.senders import Sender, intake_settings, taking

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def lander(tmp_path: Path) -> Iterator[Running]:
    with Running(intake_settings(tmp_path / "data")) as running:
        yield running


@pytest.fixture
def sender(lander: Running) -> Sender:
    return taking(lander.settings)


@pytest.fixture(autouse=True)
def _no_connection_outlives_its_test() -> Iterator[None]:
    yield
    for sender in Sender.made:
        sender.close()
    Sender.made.clear()
