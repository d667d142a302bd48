"""Episodes of Dagster's daemon: killed, doubled, with a full queue; the minutes go on by themselves.

Belongs here: what is done to daemons, that all is published without a hand. Does not: runs by hand (``troubles.py``).
"""

from __future__ import annotations

import sqlite3
import time
from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from iot_assets_tests.chaos.ledger import Outcome
from iot_assets_tests.chaos.scene import Scene
from iot_assets_tests.story.processes import wait_for

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

    from iot_assets_tests.story.processes import Started

_PATIENCE: Final = 400.0


def trouble(chance: Random, folder: Path) -> Iterator[Outcome]:
    """Minutes pass; the daemon is killed, there are two of it, the queue is full; and then nothing is missing."""
    scene = Scene(chance, folder)
    try:
        problem = None
        try:
            _minutes(scene)
        except AssertionError as error:
            problem = str(error)
        for name in ("daemon: killed", "daemon: killed", "daemon: two at once", "runs: five more in the queue"):
            yield Outcome(name, problem)
            problem = None
    finally:
        scene.close()


def _minutes(scene: Scene) -> None:
    daemon = _daemon(scene)
    scene.burst()
    wait_for(scene.house.paths.serving.exists, "the first run of the daemon", patience=_PATIENCE, pause=1)
    for _ in range(2):
        scene.burst()
        # Mostly while a run is on its way: one begins each minute.
        time.sleep((60 - time.time() % 60 + scene.chance.uniform(0, 12)) % 60)
        daemon.kill()
        scene.burst()
        daemon = _daemon(scene)
    other = _daemon(scene)
    for _ in range(5):
        scene.burst()
        scene.house.run("dagster", "job", "launch", "-w", "workspace.yaml", "-j", "minute")
    time.sleep(scene.chance.uniform(20, 40))
    if other.running:
        other.kill()
    scene.burst()
    scene.delivered()
    wait_for(lambda: scene.promised <= scene.house.landed().keys(), "all that was promised, in the lake", pause=0.5)
    scene.lander.end()
    files = scene.house.lake().num_rows

    def all_is_published() -> bool:
        daemon.must_run()
        found = scene.house.serving("select coalesce(sum(rows), 0)::bigint from bronze.files where state = 'entered'")
        return bool(found[0][0] == files)

    wait_for(all_is_published, "the daemon's next runs", patience=_PATIENCE, pause=1)
    wait_for(lambda: _unfinished(scene) == 0, "the end of the queue", patience=_PATIENCE, pause=1)
    daemon.kill()
    problem = scene.judge()
    assert problem is None, problem


def _unfinished(scene: Scene) -> int:
    with sqlite3.connect(f"file:{scene.house.paths.dagster / 'history' / 'runs.db'}?mode=ro", uri=True) as runs:
        ((count,),) = runs.execute("select count(*) from runs where status not in ('SUCCESS', 'FAILURE', 'CANCELED')")
    return int(count)


def _daemon(scene: Scene) -> Started:
    return scene.house.start("dagster-daemon", "run", "-w", "workspace.yaml")
