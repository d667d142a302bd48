"""What other processes may know of a lander: one small file, replaced at once, that needs no lander to be read.

Belongs here: the figures and their file. Does not: gathering them (``lander.py``), serving them (``health.py``).
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import TYPE_CHECKING, Final, Literal

from iot_assets.landing.lock import is_held

if TYPE_CHECKING:
    from iot_assets.lake.paths import DataPaths

_FILE: Final = "status.json"

Mode = Literal["process", "sensor"]


@dataclass(frozen=True, slots=True)
class LanderStatus:
    """One lander at one moment. Totals are of this start."""

    lander: str
    mode: Mode
    """``process``: runs until it is told to stop. ``sensor``: drains the broker for a bounded time."""
    pid: int
    started_at: datetime
    updated_at: datetime
    connected: bool
    """Connected, and the broker has confirmed the subscriptions."""
    reading: bool
    """Takes what arrives; not so while the disk is in trouble."""
    broker: str
    """Its address, or an empty text where reading from a broker is switched off."""
    protocol: str
    session: int
    session_lost: int
    received_messages: int
    received_bytes: int
    duplicates: int
    """Messages received with the flag dup."""
    durable_messages: int
    """Messages in the spool, or beyond."""
    acknowledged_messages: int
    landed_messages: int
    """Messages in landed files, those recovered from an earlier start included."""
    landed_bytes: int
    files_sealed: int
    segments_waiting: int
    in_flight_messages: int
    """Messages taken and not yet durable."""
    in_flight_bytes: int
    commits: int
    commit_seconds: float
    last_message_at: datetime | None
    last_sealed_at: datetime | None
    storage_problem: str | None
    broker_problem: str | None
    http: str
    """Address of the HTTP intake, or an empty text where there is none."""
    http_accepted: int
    """Bodies answered with success, all of them durable."""
    http_refused: int
    """Requests of the intake answered with an error."""
    dropped_by_broker: int | None
    """The broker's own count of messages it dropped, for whichever subscriber."""
    dropped_by_broker_before: int | None
    """That count when this start first saw it."""
    segments_damaged: int = 0
    """Segments kept aside because they could not be read whole."""


def write_status(spool: Path, status: LanderStatus) -> None:
    """Replace the file. Not fsynced, and no trouble when it fails: it is rewritten within a second."""
    tree = dataclasses.asdict(status)
    content = json.dumps(tree, indent=1, default=lambda at: at.isoformat())
    temporary = spool / f"{_FILE}.tmp"
    try:
        temporary.write_text(content, encoding="utf-8")
        temporary.replace(spool / _FILE)
    except OSError:
        with contextlib.suppress(OSError):
            temporary.unlink(missing_ok=True)


def read_status(paths: DataPaths, lander: str) -> LanderStatus | None:
    """The last status that a lander wrote, or None; ``lander_running`` says whether it still runs."""
    try:
        tree = json.loads((paths.spool(lander) / _FILE).read_bytes())
        names = {field.name for field in dataclasses.fields(LanderStatus)}
        values = {name: value for name, value in tree.items() if name in names}
        for name in names:
            if name.endswith("_at") and values.get(name) is not None:
                values[name] = datetime.fromisoformat(values[name])
        return LanderStatus(**values)
    except (OSError, ValueError, TypeError, AttributeError):
        return None  # none yet, or of another version


def lander_running(paths: DataPaths, lander: str) -> bool:
    """Whether a lander of this name runs on this machine at this moment, in whichever process."""
    return is_held(paths.spool(lander))
