"""Faults of real processes, a function each: what is done to a scene, and what must be heard of it at once.

A problem is an AssertionError. Belongs here: the faults, their table. Does not: the scene, the last judgement.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import time
from collections.abc import Callable
from dataclasses import dataclass
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from iot_assets_tests.story.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iot_assets_tests.chaos.scene import Scene


@dataclass(frozen=True, slots=True)
class Trouble:
    """One fault of real processes."""

    do: Callable[[Scene], None]
    weight: int
    """How often it is chosen, beside the others."""
    reported: str
    """How a person hears of it; an empty text where nobody has to."""


def _lander_killed(scene: Scene) -> None:
    scene.burst()
    time.sleep(scene.chance.uniform(0, 0.3))
    scene.lander.kill()
    if scene.chance.random() < 0.5:
        scene.burst()
    scene.lander = scene.house.lander()


def _lander_killed_at_start(scene: Scene) -> None:
    scene.lander.kill()
    started = scene.house.start("iot-assets", "land")
    time.sleep(scene.chance.uniform(0.3, 2.5))
    started.kill()
    scene.lander = scene.house.lander()


def _lander_paused(scene: Scene) -> None:
    with _stopped(scene.lander.pid):
        scene.burst()
        time.sleep(scene.chance.uniform(0.05, 1))


def _connection_reset(scene: Scene) -> None:
    scene.burst()
    time.sleep(scene.chance.uniform(0, 0.05))
    scene.proxy.reset()


def _packet_cut(scene: Scene) -> None:
    scene.proxy.cut()
    scene.burst()
    time.sleep(scene.chance.uniform(0, 0.3))


def _connection_stalled(scene: Scene) -> None:
    with scene.proxy.stalled():
        scene.burst()
        time.sleep(scene.chance.uniform(0.1, 1.5))


def _connection_slow(scene: Scene) -> None:
    scene.proxy.delay = scene.chance.choice([0.001, 0.01, 0.05])
    scene.burst()
    time.sleep(scene.chance.uniform(0.2, 1))
    scene.proxy.delay = 0.0


def _messages_disordered(scene: Scene) -> None:
    for _ in range(3):
        scene.burst(100)


def _broker_killed(scene: Scene) -> None:
    scene.burst()
    time.sleep(scene.chance.uniform(0, 1.5))
    # Mosquitto answers from memory; what it took lately is its own to lose. What our lander has answered is not.
    for publisher in scene.publishers:
        publisher.forgive(time.monotonic() - 10)
    at = time.monotonic()
    scene.broker.stop(signal.SIGKILL)
    time.sleep(scene.chance.uniform(0, 0.5))
    for publisher in scene.publishers:
        publisher.forgive(at - 10)
    scene.broker.start()
    scene.expected.append("the MQTT broker at 127.0.0.1")


def _broker_stopped(scene: Scene) -> None:
    scene.burst()
    scene.broker.stop()
    time.sleep(scene.chance.uniform(0, 0.5))
    scene.broker.start()


def _broker_paused(scene: Scene) -> None:
    assert scene.broker._process is not None
    with _stopped(scene.broker._process.pid):
        scene.burst()
        time.sleep(scene.chance.uniform(0.05, 1))


def _session_lost(scene: Scene) -> None:
    scene.delivered()
    status = scene.status()
    assert status is not None
    scene.broker.stop(signal.SIGKILL)
    (scene.broker.folder / "mosquitto.db").unlink(missing_ok=True)
    scene.broker.start()

    def counted() -> bool:
        now = scene.status()
        return now is not None and now.session_lost > status.session_lost and now.connected

    wait_for(counted, "the lost session in the lander's status")
    scene.expected.append("THE SESSION AT 127.0.0.1")
    lost = [line for line in scene.metrics().splitlines() if line.startswith("iot_assets_lander_sessions_lost ")]
    assert lost, "the lost session is in no metric"
    assert float(lost[0].split()[1]) > status.session_lost, lost


def _disk_full(scene: Scene) -> None:
    if not scene.small_disk:
        return
    ballast = scene.house.paths.root / "ballast"
    with ballast.open("wb", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(1 << 16)):
            pass
    with ballast.open("ab", buffering=0) as file, contextlib.suppress(OSError):
        while file.write(bytes(512)):
            pass
    try:
        scene.burst()
        scene.burst()
        wait_for(lambda: "iot_assets_lander_storage_problem 1.0" in scene.metrics(), "the full disk in the metrics")
        scene.expected.append("No space left on device")
        if scene.chance.random() < 0.3:
            scene.lander.kill()
            ballast.unlink()
            scene.lander = scene.house.lander()
    finally:
        ballast.unlink(missing_ok=True)
    wait_for(lambda: "iot_assets_lander_storage_problem 0.0" in scene.metrics(), "the end of the trouble")


def _rival(scene: Scene) -> None:
    rival = scene.house.start("iot-assets", "land", IOT_LANDER__NAME="rival", IOT_LANDER__METRICS_PORT="0")
    until = time.monotonic() + scene.chance.uniform(3, 6)
    while time.monotonic() < until:
        scene.burst()
        time.sleep(0.3)
    wait_for(lambda: "wo landers need two" in rival.log + scene.lander.log, "the landers' quarrel in the log")
    rival.end()


def _twin(scene: Scene) -> None:
    twin = scene.house.start("iot-assets", "land", IOT_LANDER__METRICS_PORT="0")
    assert twin.wait() != 0, "two landers share one spool"
    assert "is in use" in twin.log or "in use by" in twin.log, twin.log[-500:]


def _run_killed(scene: Scene) -> None:
    run = scene.house.materialization()
    until = time.monotonic() + scene.chance.uniform(2, 20)
    while run.running and time.monotonic() < until:
        time.sleep(0.05)
    run.wipe_out()


def _warehouse_held(scene: Scene) -> None:
    program = shutil.which("duckdb", path=scene.house.environment["PATH"])
    assert program is not None
    if not scene.house.paths.warehouse.exists():
        scene.house.materialize()
    with subprocess.Popen(
        [program, str(scene.house.paths.warehouse)],
        stdin=subprocess.PIPE,
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
    ) as held:
        assert held.stdin is not None
        held.stdin.write(b"select 1;\n")
        held.stdin.flush()
        run = scene.house.materialization()
        time.sleep(scene.chance.uniform(5, 12))
        scene.burst()
        held.stdin.close()
    run.succeed()


def _two_runs(scene: Scene) -> None:
    runs = [scene.house.materialization(), scene.house.materialization()]
    scene.burst()
    for run in runs:
        run.succeed()


def _warehouse_deleted(scene: Scene) -> None:
    for file in scene.house.paths.root.glob("iot.duckdb*"):
        file.unlink()


def _published_deleted(scene: Scene) -> None:
    scene.house.paths.serving.unlink(missing_ok=True)


@contextlib.contextmanager
def _stopped(pid: int) -> Iterator[None]:
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


TROUBLES: Final = MappingProxyType(
    {
        "lander: killed": Trouble(_lander_killed, 6, ""),
        "lander: killed while it starts": Trouble(_lander_killed_at_start, 3, ""),
        "lander: paused": Trouble(_lander_paused, 12, ""),
        "connection: reset": Trouble(_connection_reset, 14, "log"),
        "connection: cut in a packet": Trouble(_packet_cut, 16, "log"),
        "connection: half open": Trouble(_connection_stalled, 8, "log"),
        "connection: slow": Trouble(_connection_slow, 8, ""),
        "messages: out of order, late, repeated": Trouble(_messages_disordered, 4, "outcomes, rejects"),
        "broker: killed": Trouble(_broker_killed, 6, "log"),
        "broker: stopped": Trouble(_broker_stopped, 4, "log"),
        "broker: paused": Trouble(_broker_paused, 8, ""),
        "broker: without the session": Trouble(_session_lost, 2, "log, metric, status"),
        "disk: full": Trouble(_disk_full, 4, "log, metric, status"),
        "landers: two of one client id": Trouble(_rival, 1, "log"),
        "landers: two of one name": Trouble(_twin, 1, "the second one ends and says why"),
        "run: killed": Trouble(_run_killed, 2, "the run's own failure"),
        "run: two at once": Trouble(_two_runs, 1, ""),
        "warehouse: held by a person": Trouble(_warehouse_held, 1, "the run waits"),
        "warehouse: deleted": Trouble(_warehouse_deleted, 1, ""),
        "published file: deleted": Trouble(_published_deleted, 1, ""),
    }
)
