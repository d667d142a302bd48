"""All looks, in one list.

Belongs here: which there are, and that none of them stops the others. Does not: any look.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from iot_assets.alerts.looks import disk, lander, reported
from iot_assets.alerts.looks.backlog import BacklogLook
from iot_assets.alerts.looks.dagster import DagsterLook
from iot_assets.alerts.looks.published import PublishedLook

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets.alerts.alert import Finding
    from iot_assets.alerts.looks.place import Look, Place

_log: Final = logging.getLogger(__name__)


def all_looks() -> list[Look]:
    """The looks, those that remember things made anew."""
    return [lander.look, disk.look, reported.look, BacklogLook(), PublishedLook(), DagsterLook()]


class Looks:
    """Takes all looks; one that fails is said once, and its causes are not looked at meanwhile."""

    def __init__(self, looks: Sequence[Look]) -> None:
        self._looks = looks
        self._failing: set[int] = set()

    def __call__(self, place: Place) -> dict[str, Sequence[Finding]]:
        """Cause → what was found of it."""
        seen: dict[str, Sequence[Finding]] = {}
        for number, look in enumerate(self._looks):
            try:
                seen |= look(place)
            except Exception:  # noqa: BLE001 - who watches others must not fall over one look
                if number not in self._failing:
                    _log.exception("a look failed; its alerts stay as they are")
                self._failing.add(number)
            else:
                self._failing.discard(number)
        return seen
