"""All examinations, one after the other.

Belongs here: the list, and what the looks find turned into results. Does not: examinations of its own.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import TYPE_CHECKING, Final

from iot_assets.health import of_machine, of_parts
from iot_assets.health.examination import Patient, Result, Verdict
from iot_assets.health.troubles import troubles

if TYPE_CHECKING:
    from datetime import datetime

    from iot_assets.settings import Settings

EXAMINATIONS: Final[tuple[Callable[[Patient], Iterator[Result]], ...]] = (
    of_machine.folder,
    of_machine.secrets,
    of_machine.clock,
    of_machine.versions,
    of_machine.ports,
    of_parts.broker,
    of_parts.spool,
    of_parts.schedule,
    of_parts.warehouse,
    of_parts.publication,
)
#: Causes that an examination has told of already, with more to say.
_TOLD: Final = frozenset({"session_lost", "segments_damaged"})


def examine(settings: Settings, now: datetime) -> Iterator[Result]:
    """What each examination finds, as it finds it; settings that could be read are the first to be well."""
    yield Result("settings", "well", f"They can be read; the data folder is {settings.data_dir.absolute()}.")
    patient = Patient(settings, now)
    for examination in EXAMINATIONS:
        try:
            yield from examination(patient)
        except OSError as error:
            told = f"It could not be examined: {error}."
            yield Result(examination.__name__, "note", told, "Run this as the user who runs the platform.")
    found = [trouble for trouble in troubles(settings, now) if trouble.cause not in _TOLD]
    for trouble in found:
        verdict: Verdict = "ill" if trouble.severity == "critical" else "note"
        yield Result(trouble.title, verdict, trouble.summary, trouble.advice)
    if not found:
        yield Result("everything else", "well", "No cause of an alert is found.")
