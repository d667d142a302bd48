"""The store of alerts, ``data/alerts.sqlite``: what is so, what was so, what is still to be told.

Belongs here: the file, its transactions, alerts and reports in it. Does not: notices and channels (``outbox.py``), what
follows from what (``lifecycle.py``). Many processes may have it open: the watcher, the command line, Dagster's sensor.
"""

from __future__ import annotations

import contextlib
import dataclasses
import json
import re
import sqlite3
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from importlib import resources
from pathlib import Path
from typing import Any, Final

from iot_assets.alerts.alert import Alert, State
from iot_assets.errors import StorageError

_VERSION: Final = 1
_WAIT_SECONDS: Final = 15.0
_FIELDS: Final = tuple(field.name for field in dataclasses.fields(Alert))


class Store:
    """One connection to the store; a thread has its own."""

    def __init__(self, path: Path, *, wait_seconds: float = _WAIT_SECONDS) -> None:
        """Open the store, made where there is none.

        Args:
            path: the file.
            wait_seconds: how long to wait for another process that writes.

        Raises:
            StorageError: the folder or the file cannot be written.
        """
        try:
            path.parent.mkdir(parents=True, exist_ok=True)
            self._connection = sqlite3.connect(path, timeout=wait_seconds, isolation_level=None)
            self._connection.row_factory = sqlite3.Row
            self._connection.execute("pragma journal_mode = wal")
            self._connection.execute("pragma synchronous = full")  # what was decided survives the power as well
            self._make()
        except OSError as error:
            raise StorageError("use the store of alerts", path, error) from error
        except sqlite3.OperationalError as error:
            raise StorageError("use the store of alerts", path, OSError(str(error))) from error

    def close(self) -> None:
        """Close it."""
        self._connection.close()

    def take_from(self, source: sqlite3.Connection) -> None:
        """Become a copy of another store, as it is at one moment."""
        source.backup(self._connection)

    @contextmanager
    def transaction(self) -> Iterator[None]:
        """All of the body, or nothing of it."""
        self._connection.execute("begin immediate")
        try:
            yield
        except BaseException:
            self._connection.execute("rollback")
            raise
        self._connection.execute("commit")

    def rows(self, sql: str, *parameters: Any) -> list[dict[str, Any]]:
        """The rows of a query."""
        return [dict(row) for row in self._connection.execute(sql, parameters).fetchall()]

    def run(self, sql: str, *parameters: Any) -> int:
        """Run a statement; how many rows it changed."""
        return self._connection.execute(sql, parameters).rowcount

    def alive(self) -> dict[tuple[str, str], Alert]:
        """Alerts that are not over."""
        found = self.rows("select * from alerts where state <> ? order by since_at", State.RESOLVED)
        return {alert.key: alert for alert in map(_alert, found)}

    def history(self, most: int) -> list[Alert]:
        """Alerts that were raised, open or over, the newest first."""
        return [
            _alert(row)
            for row in self.rows(
                "select * from alerts where state <> ? order by raised_at desc limit ?", State.PENDING, most
            )
        ]

    def put(self, alert: Alert) -> None:
        """Write an alert as it is now."""
        marks = ", ".join("?" for _ in _FIELDS)
        self.run(f"insert or replace into alerts ({', '.join(_FIELDS)}) values ({marks})", *_values(alert))

    def forget(self, alert_id: str) -> None:
        """An alert that came to nothing."""
        self.run("delete from alerts where alert_id = ?", alert_id)

    def last_told(self, cause: str, about: str) -> datetime | None:
        """When people were last told of an alert of this key that is over."""
        found = self.rows(
            "select max(told_at) as at from alerts where cause = ? and about = ? and state = ?",
            *(cause, about, State.RESOLVED),
        )
        return instant(found[0]["at"])

    def acknowledge(self, alert_id: str, *, by: str, note: str | None, now: datetime) -> Alert | None:
        """Somebody looks after it; ``alert_id`` may be its beginning. None where no open alert is meant."""
        with self.transaction():
            meant = [a for a in self.alive().values() if a.alert_id.startswith(alert_id) and a.state is State.OPEN]
            if len(meant) != 1:
                return None
            alert = dataclasses.replace(meant[0], acknowledged_at=now, acknowledged_by=by, note=note)
            self.put(alert)
        return alert

    def report(self, cause: str, *, about: str, summary: str, item: str, now: datetime) -> None:
        """What another process has to say."""
        self.run("insert into reports values (?, ?, ?, ?, ?)", cause, about, summary, item, text(now))

    def recall(self, name: str) -> Any:
        """What a look left for the next one; None where it left nothing."""
        found = self.rows("select value from memory where name = ?", name)
        return json.loads(found[0]["value"]) if found else None

    def remember(self, name: str, value: Any) -> None:
        """Leave something for the next look."""
        self.run("insert or replace into memory values (?, ?)", name, json.dumps(value))

    def prune(self, *, keep: timedelta, now: datetime) -> None:
        """Delete what is over and told, and long ago."""
        before = text(now - keep)
        with self.transaction():
            self.run("delete from alerts where state = ? and resolved_at < ?", State.RESOLVED, before)
            self.run(
                "delete from notices where created_at < ? and coalesce(sent_at, dropped_at) is not null"
                " and (alert_id is null or alert_id not in (select alert_id from alerts))",
                before,
            )
            self.run("delete from reports where reported_at < ?", before)

    def _make(self) -> None:
        if self._connection.execute("pragma user_version").fetchone()[0] == _VERSION:
            return
        with self.transaction():
            if self._connection.execute("pragma user_version").fetchone()[0] == _VERSION:
                return  # another process was faster
            sql = resources.files("iot_assets.alerts").joinpath("schema.sql").read_text(encoding="utf-8")
            for statement in re.sub(r"--.*", "", sql).split(";"):
                self._connection.execute(statement)
            self._connection.execute(f"pragma user_version = {_VERSION}")


def copy_of(path: Path) -> Store:
    """A store in memory with all that is in this one: for who wants to look, and leave nothing."""
    copy = Store(Path(":memory:"))
    if path.exists():
        with contextlib.closing(sqlite3.connect(path, timeout=_WAIT_SECONDS)) as source:
            copy.take_from(source)
    return copy


def text(at: datetime) -> str:
    """An instant as it is stored; all of one width, so that they sort."""
    return at.astimezone(UTC).isoformat(timespec="microseconds")


def instant(stored: str | None) -> datetime | None:
    """A stored instant."""
    return None if stored is None else datetime.fromisoformat(stored)


def _values(alert: Alert) -> list[Any]:
    values: list[Any] = []
    for name in _FIELDS:
        match getattr(alert, name):
            case datetime() as at:
                values.append(text(at))
            case tuple() as items:
                values.append(json.dumps(items, ensure_ascii=False))
            case value:
                values.append(value)
    return values


def _alert(row: dict[str, Any]) -> Alert:
    values = {name: instant(value) if name.endswith("_at") else value for name, value in row.items()}
    return Alert(**values | {"items": tuple(json.loads(row["items"])), "state": State(row["state"])})
