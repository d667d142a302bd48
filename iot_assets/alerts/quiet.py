"""Quiet hours, on the clock of the people who are to be left in peace.

Belongs here: until when to wait. Does not: what waits (``lifecycle.py`` tells, ``store.py`` keeps).
"""

from __future__ import annotations

from datetime import UTC, datetime, time, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

if TYPE_CHECKING:
    from iot_assets.sections.alerts import Quiet


def quiet_until(now: datetime, quiet: Quiet) -> datetime | None:
    """The end of the quiet hours that ``now`` lies in, or None where it lies in none."""
    if quiet.begin is None or quiet.end is None or quiet.begin == quiet.end:
        return None
    zone = ZoneInfo(quiet.timezone)
    local = now.astimezone(zone)
    begin, end, clock = time.fromisoformat(quiet.begin), time.fromisoformat(quiet.end), local.time()
    if begin < end:
        inside, tomorrow = begin <= clock < end, False
    else:
        inside, tomorrow = clock >= begin or clock < end, clock >= begin
    if not inside:
        return None
    ends = datetime.combine(local.date() + timedelta(days=int(tomorrow)), end, zone)
    # In a night in which clocks are put back the end may come twice: people may sleep until the second.
    return max(ends.replace(fold=fold).astimezone(UTC) for fold in (0, 1))
