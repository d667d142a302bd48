"""The lander, by its lock and its status file.

Belongs here: what the lander says of itself, or no longer says. Does not: what became of what it landed.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Final

from iot_assets.alerts.alert import Finding
from iot_assets.alerts.looks.place import when
from iot_assets.landing.status import LanderStatus, lander_running, read_status

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Place, Seen

#: A lander that runs says so each second; Dagster's sensor, where it stands in, pauses between its ticks.
_SILENT_SECONDS: Final = 60.0
#: A counter that grew is told of for so long.
_RECENT_SECONDS: Final = 900.0


def look(place: Place) -> Seen:
    """Down, silent, in trouble, or none of it."""
    name = place.settings.lander.name
    status, running = read_status(place.paths, name), lander_running(place.paths, name)
    if status is None:
        return {
            "lander_down": when(not running, Finding("lander_down", f"No lander named {name} has ever run here.")),
            "lander_silent": (),
        }
    age = (place.now - status.updated_at).total_seconds()
    silent = age > _SILENT_SECONDS
    # Where Dagster's sensor stands in for a lander, it comes and goes.
    down = not running and (silent or status.mode == "process")
    last = f"its last sign of life was at {status.updated_at:%Y-%m-%d %H:%M:%S} UTC"
    seen: Seen = {
        "lander_down": when(down, Finding("lander_down", f"Lander {name} does not run; {last}.")),
        "lander_silent": when(
            silent and running, Finding("lander_silent", f"Lander {name} (process {status.pid}) hangs; {last}.")
        ),
    }
    # What a lander that is gone has last said of broker and disk tells nothing of now.
    return seen if silent or down else {**seen, **_trouble(status), **_counters(place, status)}


def _trouble(status: LanderStatus) -> Seen:
    parted = status.broker and not status.connected and status.mode == "process"
    said = status.broker_problem or f"The lander is not connected to the MQTT broker at {status.broker}"
    storage, damaged = status.storage_problem or "", status.segments_damaged
    aside = f"{damaged} segments of the spool could not be read whole and are kept aside."
    return {
        "broker_unreachable": when(
            parted or status.broker_problem, Finding("broker_unreachable", _sentence(said), items=(status.broker,))
        ),
        "storage_problem": when(storage, Finding("storage_problem", _sentence(storage))),
        "segments_damaged": when(damaged, Finding("segments_damaged", aside, count=max(damaged, 1))),
    }


def _counters(place: Place, status: LanderStatus) -> Seen:
    lost = place.increase("session_lost", status.session_lost, within_seconds=_RECENT_SECONDS)
    seen: dict[str, tuple[Finding, ...]] = {
        "session_lost": when(
            lost, Finding("session_lost", f"It happened {lost} times of late.", items=(status.broker,), count=lost)
        )
    }
    if status.dropped_by_broker is not None:
        dropped = place.increase("broker_drops", status.dropped_by_broker, within_seconds=_RECENT_SECONDS)
        told = f"The broker at {status.broker} has dropped {dropped} messages of late, for whichever subscriber."
        seen["broker_drops"] = when(dropped, Finding("broker_drops", told, count=max(dropped, 1)))
    return seen


def _sentence(said: str) -> str:
    text = said[:1].upper() + said[1:]
    return text if text.endswith((".", "?", "!")) else f"{text}."
