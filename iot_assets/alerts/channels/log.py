"""The local log: all that is told, a JSON object a line; always there, whatever other channels there are.

Belongs here: appending, keeping it bounded, reading what is new. Does not: rare words for people (``words.py``).
"""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iot_assets.alerts import words
from iot_assets.alerts.channels.shapes import generic
from iot_assets.alerts.channels.trouble import ChannelError

if TYPE_CHECKING:
    from iot_assets.alerts.alert import Notice

#: The log is begun anew above this; the one before is kept beside it.
MOST_BYTES: Final = 8 * 1024 * 1024


def append(path: Path, notice: Notice) -> None:
    """Write a line, durably.

    Raises:
        ChannelError: the disk refuses.
    """
    content: dict[str, Any] = generic(notice) | {"line": words.line(notice)}
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        if path.exists() and path.stat().st_size > MOST_BYTES:
            path.replace(path.with_name(path.name + ".1"))
        with path.open("ab") as file:
            file.write(json.dumps(content, ensure_ascii=False).encode() + b"\n")
            file.flush()
            os.fsync(file.fileno())
    except OSError as error:
        raise ChannelError(f"{path} cannot be written: {error.strerror}") from error


class LogWatch:
    """Says each line that is new since it was made, one a call: how `up` shows alerts on its terminal."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._at = self._size()
        self._lines: list[str] = []

    def __call__(self) -> str | None:
        """A line to say, if there is one."""
        if not self._lines:
            self._read()
        return f"alert      {self._lines.pop(0)}" if self._lines else None

    def _read(self) -> None:
        size = self._size()
        if size < self._at:
            self._at = 0  # begun anew
        if size == self._at:
            return
        try:
            with self._path.open("rb") as file:
                file.seek(self._at)
                fresh = file.read()
        except OSError:
            return
        whole = fresh[: fresh.rfind(b"\n") + 1]
        self._at += len(whole)
        for line in whole.splitlines():
            try:
                self._lines.append(json.loads(line)["line"])
            except (ValueError, KeyError, TypeError):
                continue  # not a line of ours

    def _size(self) -> int:
        try:
            return self._path.stat().st_size
        except OSError:
            return 0
