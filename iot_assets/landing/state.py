"""What a lander must remember from one start to the next, in one small file that is replaced at once.

Belongs here: the start's number, the connection's epoch, what the broker is known to hold for us. Does not: figures for
people (``status.py``), messages (``segment.py``).
"""

from __future__ import annotations

import dataclasses
import json
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.durable import storing, write_whole
from iot_assets.landing.segment import list_segments

if TYPE_CHECKING:
    import logging

_FILE: Final = "state.json"


@dataclass(frozen=True, slots=True)
class LanderState:
    """The content of the file."""

    start_ms: int = 0
    """When the last start was; each is later than the one before whatever the clock says, so that ids never repeat."""
    session: int = 0
    """The epoch of the last connection."""
    broker: str = ""
    """The broker and client id that the following three are about."""
    session_expected: bool = False
    """Whether the broker has been asked to keep a session for us."""
    subscribed: tuple[str, ...] = ()
    """The topic filters that the broker's session is known to hold."""
    session_lost: int = 0
    """How often a session that should have been there was not."""
    registry_sha256: str = ""
    """Of the registry file as last landed."""


class StateFile:
    """The state in memory and, once ``save`` has returned, on disk."""

    def __init__(self, spool: Path) -> None:
        self._path = spool / _FILE
        self.now = LanderState()
        self.dirty = False

    def load(self, paths: DataPaths, lander: str, log: logging.Logger) -> None:
        """Read the file. Where it is damaged, what it must not forget is found out from what has been written."""
        with storing("read", self._path):
            try:
                content = self._path.read_bytes()
            except FileNotFoundError:
                return
        try:
            self.now = _parse(json.loads(content))
        except (ValueError, TypeError) as error:
            kept = self._path.with_name(f"{_FILE}.damaged")
            with storing("set aside", self._path):
                self._path.replace(kept)
            starts = [s.start_ms for s in list_segments(self._path.parent)]
            starts += [f.start_ms for f in list_landed(paths) if f.lander == lander]
            self.now = LanderState(start_ms=max(starts, default=0))
            log.error(  # noqa: TRY400 - the sentence says it all
                "%s is damaged (%s) and kept as %s; connections are counted from 1 again, and whether the broker still"
                " has our session cannot be told", self._path, error, kept,
            )  # fmt: skip

    def change(self, **changes: Any) -> None:
        """Change the state in memory."""
        changed = dataclasses.replace(self.now, **changes)
        self.dirty = self.dirty or changed != self.now
        self.now = changed

    def save(self) -> None:
        """Make the state durable.

        Raises:
            StorageError: the file still holds what it held before.
        """
        if self.dirty:
            content = json.dumps(dataclasses.asdict(self.now), indent=1).encode()
            with storing("write", self._path):
                write_whole(self._path, content)
            self.dirty = False


def _parse(tree: Any) -> LanderState:
    """The state in a parsed file; a ValueError or TypeError where something in it is not what it should be."""
    default = LanderState()
    values: dict[str, Any] = {}
    for field in dataclasses.fields(LanderState):
        value = tree.get(field.name, getattr(default, field.name)) if isinstance(tree, dict) else None
        value = tuple(value) if isinstance(value, list) else value
        if type(value) is not type(getattr(default, field.name)):
            raise TypeError(f"{field.name} is {value!r}")
        values[field.name] = value
    return LanderState(**values)
