"""The disk on which the data lie: what is free, and when it would be full.

Belongs here: the file system. Does not: what fills it.
"""

from __future__ import annotations

import shutil
from typing import TYPE_CHECKING, Final

from iot_assets.alerts.alert import Finding

if TYPE_CHECKING:
    from iot_assets.alerts.looks.place import Place, Seen

_SAMPLE_SECONDS: Final = 900.0
_DAY_SECONDS: Final = 86400.0
#: A forecast from less than this says nothing.
_LEAST_SECONDS: Final = 3 * 3600.0
_GIB: Final = 1024**3


def look(place: Place) -> Seen:
    """Little room, or soon none."""
    try:
        usage = shutil.disk_usage(place.paths.root)
    except OSError:
        return {}
    share = 100 * usage.free / usage.total
    hours = _hours_left(place, usage.free)
    least, soon = place.alerts.disk_free_percent, place.alerts.disk_full_hours
    told = f"{usage.free / _GIB:.1f} GiB ({share:.1f} %) are free on the disk of {place.paths.root}"
    if hours is not None and hours < soon:
        told += f"; filling as in the past day, it is full in {hours:.0f} h"
    elif share >= least:
        return {"disk_space": ()}
    worst = share < least / 2
    return {"disk_space": (Finding("disk_space", f"{told}.", severity="critical" if worst else "warning"),)}


def _hours_left(place: Place, free: int) -> float | None:
    """Hours until it is full at the pace of the past day; None where it does not fill, or too little is known."""
    now = place.now.timestamp()
    samples: list[list[float]] = [s for s in place.store.recall("disk") or [] if 0 <= now - s[0] <= _DAY_SECONDS]
    if not samples or now - samples[-1][0] >= _SAMPLE_SECONDS:
        place.store.remember("disk", [*samples, [now, free]])
    if not samples or now - samples[0][0] < _LEAST_SECONDS:
        return None
    filled = (samples[0][1] - free) / (now - samples[0][0])
    return free / filled / 3600 if filled > 0 else None
