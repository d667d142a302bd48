"""Episodes of real processes: a broker, a lander, Dagster's runs, and sixty faults among them.

Belongs here: choosing faults, playing them, the last judgement. Does not: how each is done (``troubles.py``).
"""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Final

from iot_assets_tests.chaos.ledger import Outcome
from iot_assets_tests.chaos.scene import Scene
from iot_assets_tests.chaos.troubles import TROUBLES

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

FAULTS: Final = 60


def trouble(chance: Random, folder: Path) -> Iterator[Outcome]:
    """A house lives through its faults; then it is left alone, and must be as if there had been none."""
    chosen = chance.choices(list(TROUBLES), [trouble.weight for trouble in TROUBLES.values()], k=FAULTS)
    scene = Scene(chance, folder)
    try:
        for number, name in enumerate(chosen):
            problem = None
            try:
                scene.lander.must_run()
                TROUBLES[name].do(scene)
                if number == FAULTS - 1:
                    scene.quiesce()
                    problem = scene.judge()
            except AssertionError as error:
                problem = str(error)
            if problem is not None:
                logs = "\n".join(started.log[-1500:] for started in scene.house.started[-2:])
                problem = f"after {chosen[: number + 1]}: {problem}\n{logs}"
            yield Outcome(f"processes: {name}", problem)
            if problem is not None:
                return
    finally:
        scene.close()
