"""Fixtures of the landing room: gates before a broker, and a disk small enough to fill."""

from __future__ import annotations

import subprocess
from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Any, TypeAlias

import pytest

from iot_assets_tests.landing.gate import Gate
from iot_assets_tests.landing.harness import Process

if TYPE_CHECKING:
    from pathlib import Path

GateFactory: TypeAlias = Callable[..., Gate]


@pytest.fixture(autouse=True)
def _look_more_often(monkeypatch: pytest.MonkeyPatch) -> None:
    """A lander in this process tells, turns and tries again more often: the tests would only wait for it."""
    for name in ("lander._STATUS_SECONDS", "lander._TURN_SECONDS", "sealer._RETRY_SECONDS", "commit._RETRY_SECONDS"):
        monkeypatch.setattr(f"iot_assets.landing.{name}", 0.05)


@pytest.fixture(autouse=True)
def _no_process_outlives_its_test() -> Iterator[None]:
    yield
    for process in list(Process.running):
        process.discard()


@pytest.fixture
def gate_before() -> Iterator[GateFactory]:
    made: list[Gate] = []

    def make(broker_port: int, **how: Any) -> Gate:
        made.append(Gate(broker_port, **how))
        return made[-1]

    yield make
    for gate in made:
        gate.close()


@pytest.fixture
def small_disk(tmp_path: Path) -> Iterator[Path]:
    """A file system of four megabytes."""
    folder = tmp_path / "small_disk"
    folder.mkdir()
    made = subprocess.run(
        ["mount", "-t", "tmpfs", "-o", "size=4m", "tmpfs", str(folder)], capture_output=True, text=True, check=False
    )
    if made.returncode != 0:
        pytest.skip(f"NO DISK COULD BE FILLED FOR REAL: mounting one needs root ({made.stderr.strip()})")
    yield folder
    subprocess.run(["umount", "--lazy", str(folder)], check=True)
