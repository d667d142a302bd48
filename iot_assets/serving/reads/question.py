"""A question: SQL, and the values that go with it.

Instants and names that rows are looked up by stand in the SQL as literals, since only by literals do DuckDB's zone maps
and the lake's files leave out what cannot hold the answer; all else are parameters.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import resources
from typing import Any


@dataclass(frozen=True, slots=True)
class Question:
    """What is asked; ``key`` names the columns that order the answer and tell its rows apart, for keyset cursors."""

    sql: str
    parameters: Mapping[str, Any] = field(default_factory=dict)
    key: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Scope:
    """Which readings: of these devices and metrics (none named: all), from ``first`` on and before ``after``."""

    devices: tuple[str, ...] = ()
    metrics: tuple[str, ...] = ()
    first: datetime | None = None
    after: datetime | None = None

    def condition(self, time: str) -> str:
        """As SQL, for a table with device_id, metric and this column of instants."""
        parts = [among("device_id", self.devices), among("metric", self.metrics)]
        if self.first is not None:
            parts.append(f"{time} >= {instant(self.first)}")
        if self.after is not None:
            parts.append(f"{time} < {instant(self.after)}")
        return " and ".join(part for part in parts if part) or "true"


def among(column: str, values: Iterable[str]) -> str:
    """That the column has one of these values; empty where there are none."""
    listed = ", ".join(literal(value) for value in values)
    return f"{column} in ({listed})" if listed else ""


def literal(text: str) -> str:
    """A text as a SQL literal."""
    return "'" + text.replace("'", "''") + "'"


def instant(at: datetime) -> str:
    """An instant as a SQL literal."""
    return f"timestamptz '{at.astimezone(UTC):%Y-%m-%d %H:%M:%S.%f}+00'"


def text_of(name: str, **names: str) -> str:
    """The text of ``<name>.sql`` with each ``{name}`` replaced: by SQL, never by what somebody sent."""
    text = resources.files("iot_assets.serving.reads").joinpath(f"{name}.sql").read_text(encoding="utf-8")
    for key, value in names.items():
        text = text.replace("{" + key + "}", value)
    return text
