"""The scene of an episode with real processes: broker, proxy, publishers, a lander, a house on a small disk.

Belongs here: setting it up, publishing, waiting for quiet, judging, clearing away. Does not: faults (``troubles.py``).
"""

from __future__ import annotations

import contextlib
import subprocess
import time
from typing import TYPE_CHECKING, Any, Final
from urllib.request import urlopen

from iot_assets.warehouse.connection import Warehouse
from iot_assets_tests.brokers import Mosquitto, free_port
from iot_assets_tests.chaos import world
from iot_assets_tests.chaos.proxy import Proxy
from iot_assets_tests.chaos.publisher import Publisher
from iot_assets_tests.story.processes import House, wait_for

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from iot_assets.landing.status import LanderStatus

_DISK: Final = "192m"


class Scene:
    """From construction until ``close``."""

    def __init__(self, chance: Random, folder: Path) -> None:
        self.chance = chance
        self.expected: list[str] = []
        """What some lander's log must say in the end."""
        self._leave = contextlib.ExitStack()
        self.broker = Mosquitto(folder / "broker")
        self.broker.start()
        self._leave.callback(self.broker.stop)
        self.proxy = Proxy(self.broker.port)
        self._leave.callback(self.proxy.close)
        self.metrics_port = free_port()
        self.house = House(
            folder / "house",
            {
                "IOT_MQTT__HOST": "127.0.0.1",
                "IOT_MQTT__PORT": str(self.proxy.port),
                "IOT_MQTT__TOPICS": world.TOPIC,
                "IOT_MQTT__RECONNECT_MAX_SECONDS": "1",
                "IOT_LANDER__SEAL_SECONDS": "2",
                "IOT_LANDER__METRICS_PORT": str(self.metrics_port),
                "IOT_HTTP__PORT": "0",
                "DAGSTER_HOME": str(folder / "house"),
            },
        )
        self.house.paths.root.mkdir()
        mounted = subprocess.run(
            ["mount", "-t", "tmpfs", "-o", f"size={_DISK}", "tmpfs", str(self.house.paths.root)], check=False
        )
        self.small_disk = mounted.returncode == 0
        if self.small_disk:
            self._leave.callback(subprocess.run, ["umount", "--lazy", str(self.house.paths.root)], check=True)
        self._leave.callback(self.house.close)
        # Two of Dagster's processes that both find no storage stand in each other's way: it is made before.
        self.house.run("dagster", "instance", "migrate")
        self.lander = self.house.lander()
        self.publishers = [Publisher(self.broker.port, f"device-{n}") for n in range(2)]
        for publisher in self.publishers:
            self._leave.callback(publisher.close)
        self._sent: list[bytes] = []
        self._count = 0

    def close(self) -> None:
        self._leave.close()

    # Publishing

    def burst(self, most: int = 60) -> None:
        """Messages: new ones, some out of order, some late, some repeated, some that nobody can read."""
        chance, now = self.chance, time.time()
        made = []
        for _ in range(chance.randint(5, most)):
            self._count += 1
            late = chance.choice([0, 0, 0, 0, 0, 0, 0, -7, -3700, -90_000])
            made.append(
                world.payload(f"d{self._count % 5}", round(now + late + self._count / 1e3, 3), self._count % 40)
            )
        if chance.random() < 0.3:
            chance.shuffle(made)
        if chance.random() < 0.3 and self._sent:
            made += chance.sample(self._sent, min(5, len(self._sent)))
        if chance.random() < 0.2:
            made.append(b"{ %d" % self._count)
        self._sent += made
        chance.choice(self.publishers).publish(world.TOPIC, made)

    @property
    def promised(self) -> set[bytes]:
        """What the broker has answered the publishers for, and what our landers have answered the broker for."""
        return {p for publisher in self.publishers for p in publisher.confirmed} | self.proxy.acknowledged

    def status(self) -> LanderStatus | None:
        return self.house.lander_status()

    def metrics(self) -> str:
        with urlopen(f"http://127.0.0.1:{self.metrics_port}/metrics", timeout=10) as answer:
            text: str = answer.read().decode()
        return text

    def connected(self) -> None:
        """Until the lander is connected."""

        def answer() -> bool:
            self.lander.must_run()
            status = self.status()
            return status is not None and status.pid == self.lander.pid and status.connected

        wait_for(answer, "the lander's connection")

    def delivered(self) -> None:
        """Until the lander has answered for all that the publishers were answered for."""
        wait_for(lambda: all(p.settled() for p in self.publishers), "the publishers' PUBACKs")
        self.connected()
        wait_for(lambda: self.promised <= self.proxy.acknowledged, "the lander's PUBACKs")

    # The end

    def quiesce(self) -> None:
        """All faults are over: everything goes on without anybody's help, and ends well."""
        wait_for(lambda: all(p.settled() for p in self.publishers), "the publishers' PUBACKs")
        self.connected()
        wait_for(lambda: self.promised <= self.house.landed().keys(), "all that was promised, in the lake", pause=0.5)
        self.lander.end()
        self.house.materialize()

    def judge(self) -> str | None:
        """What is wrong, or None."""
        landed = self.house.landed().keys()
        if lost := self.promised - landed:
            return f"{len(lost)} of {len(self.promised)} promised messages are lost, such as {sorted(lost)[:3]}"
        if foreign := landed - {p for publisher in self.publishers for p in publisher.sent}:
            return f"landed what nobody sent: {sorted(foreign)[:3]}"
        log = "\n".join(started.log for started in self.house.started)
        if unsaid := [text for text in self.expected if text not in log]:
            return f"no log says {unsaid}"
        with Warehouse(self.house.paths.warehouse).connect() as connection:
            failed: list[tuple[Any, ...]] = connection.execute(
                "select distinct table_name, check_name from gold.quality_log where not passed and severity = 'ERROR'"
                " and check_name <> 'score'"  # what comes late and twice has a poor score, and rightly so
            ).fetchall()
            if failed:
                return f"checks failed: {failed}"
            return world.wrong(connection, world.seen(self.house.paths))
