"""Watches the published copy for the first gold rows, and for more of them: the sign that all of it works together.

Belongs here: a short look at serving.duckdb now and then. Does not: answering questions about it (``serving``).
"""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Final

_QUESTION: Final = "select count(*), max(bucket_at) from gold.readings_1min"


class GoldWatch:
    """Says when gold is there, and once more when it grows; then it is quiet."""

    def __init__(self, serving: Path) -> None:
        self._serving = serving
        self._modified_ns = 0
        self._first: int | None = None
        self._before = self._look()
        self.done = False

    def __call__(self) -> str | None:
        """A line to say, if there is anything to say."""
        if self.done or (found := self._look()) is None:
            return None
        rows, newest = found
        minute = newest.astimezone(UTC).strftime("%H:%M UTC")
        if self._first is None:
            self._first = rows
            was = "" if self._before is None else f", {self._before[0]:,} of them from before"
            return f"gold       {rows:,} rows in gold.readings_1min, the newest of {minute}{was}"
        if rows == self._first:
            return None
        self.done = True
        return f"gold       grows: {rows:,} rows, the newest of {minute}; from here on it goes by itself"

    def _look(self) -> tuple[int, datetime] | None:
        try:
            modified_ns = self._serving.stat().st_mtime_ns
        except OSError:
            return None
        if modified_ns == self._modified_ns:
            return None
        import duckdb  # noqa: PLC0415 - half the supervisor's memory, and not needed before there is a file

        try:
            with duckdb.connect(str(self._serving), read_only=True) as connection:
                row = connection.execute(_QUESTION).fetchone()
        except duckdb.Error:
            return None  # being made, or of a shape that a newer version knows
        self._modified_ns = modified_ns
        return (row[0], row[1]) if row is not None and row[0] else None
