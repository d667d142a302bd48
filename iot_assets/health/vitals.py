"""The figures of one screen: what runs, how far behind the tables are, how much comes in, devices, disk.

Belongs here: gathering them from files and the published copy. Does not: judging them (``troubles``).
"""

from __future__ import annotations

import dataclasses
import os
import shutil
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb

from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.status import lander_running, read_status
from iot_assets.ops.claims import is_claimed
from iot_assets.ops.probes import dagster_missing, page_address, port_missing
from iot_assets.serving.ledger import published_paths
from iot_assets.serving.published import QuestionError, published
from iot_assets.serving.reads.check_results import check_results
from iot_assets.serving.reads.device_counts import device_counts
from iot_assets.serving.reads.scores import scores
from iot_assets.serving.reads.status import status
from iot_assets.serving.reads.throughput import throughput

if TYPE_CHECKING:
    from iot_assets.serving.reads.question import Question
    from iot_assets.settings import Settings

#: Rates are those of so many minutes before the newest that is in the books.
_RATE_MINUTES: Final = 10


@dataclass(frozen=True, slots=True)
class Part:
    """One of the processes: whether it runs, and what it says of itself."""

    name: str
    runs: bool
    says: str


@dataclass(frozen=True, slots=True)
class Vitals:
    """All of it, at one moment; None where it cannot be known yet."""

    at: datetime
    parts: list[Part]
    published_at: datetime | None = None
    newest_event_at: datetime | None = None
    newest_received_at: datetime | None = None
    waiting_files: int = 0
    messages_per_second: float | None = None
    rejected_per_second: float | None = None
    messages: int | None = None
    readings: int | None = None
    devices: dict[str, int] = dataclasses.field(default_factory=dict)
    checks: int | None = None
    checks_failing: list[str] = dataclasses.field(default_factory=list)
    quality_score: float | None = None
    disk_free_bytes: int = 0
    disk_free_percent: float = 0.0
    bytes_of: dict[str, int] = dataclasses.field(default_factory=dict)


def vitals(settings: Settings, now: datetime) -> Vitals:
    """Look once; nothing here waits longer than a few seconds, and nothing is written."""
    paths = DataPaths(settings.data_dir.absolute())
    # The root may not be there yet; the disk is that of the nearest folder above that is.
    folder = next(path for path in (paths.root, *paths.root.parents) if path.exists())
    usage = shutil.disk_usage(folder)
    return Vitals(
        at=now,
        parts=[_lander(settings, paths), _dagster(settings), _server(settings), _watcher(paths)],
        waiting_files=len({file.path for file in list_landed(paths)} - published_paths(paths)),
        disk_free_bytes=usage.free,
        disk_free_percent=round(100 * usage.free / usage.total, 1),
        bytes_of={
            "lake": _size(paths.lake),
            "warehouse": _size(paths.warehouse),
            "published": _size(paths.serving),
            "spool": _size(paths.spools),
            "dagster": _size(paths.dagster),
        },
        **_published(paths),
    )


def _lander(settings: Settings, paths: DataPaths) -> Part:
    name = settings.lander.name
    told, runs = read_status(paths, name), lander_running(paths, name)
    if told is None:
        return Part("lander", runs, "has never said anything")
    doors = [f"{'reads' if told.connected else 'is NOT connected to'} {told.broker}"] if told.broker else []
    doors += [f"takes HTTP at {told.http}"] if told.http else []
    since = f"{told.received_messages} messages since {told.started_at.astimezone(UTC):%Y-%m-%d %H:%M} UTC"
    return Part("lander", runs, ", ".join([*doors, since]))


def _dagster(settings: Settings) -> Part:
    host, port = settings.dagster.host, settings.dagster.port
    missing = dagster_missing(host, port)
    return Part("dagster", missing is None, page_address(host, port) if missing is None else f"missing is {missing}")


def _server(settings: Settings) -> Part:
    host, port = settings.server.host, settings.server.port
    runs = port_missing(host, port) is None
    return Part("server", runs, page_address(host, port) if runs else "`iot-assets serve` starts it")


def _watcher(paths: DataPaths) -> Part:
    runs = is_claimed(paths.alerts_lock)
    return Part("alerts", runs, "watches" if runs else "`iot-assets alerts watch` starts it")


def _published(paths: DataPaths) -> dict[str, Any]:
    try:
        with published(paths) as connection:
            return _figures(connection)
    except (QuestionError, duckdb.Error):
        return {}


def _figures(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    (told,) = _rows(connection, status())
    counts: dict[str, int] = {}
    for row in _rows(connection, device_counts()):
        counts[row["state"] or "unknown"] = counts.get(row["state"] or "unknown", 0) + row["devices"]
    results = _rows(connection, check_results())
    fleet = _rows(connection, scores("fleet", first=told["published_at"] - timedelta(days=2)))
    return {
        "published_at": told["published_at"],
        "newest_event_at": told["newest_event_at"],
        "newest_received_at": told["newest_received_at"],
        "messages": told["messages"],
        "readings": told["numeric_readings"],
        "devices": counts,
        "checks": len(results),
        "checks_failing": [f"{row['table_name']}.{row['check_name']}" for row in results if not row["passed"]],
        "quality_score": fleet[-1]["score"] if fleet else None,
        **_rates(connection, told["newest_received_at"]),
    }


def _rates(connection: duckdb.DuckDBPyConnection, newest: datetime | None) -> dict[str, Any]:
    """Messages a second over the last whole minutes that are in the books."""
    if newest is None:
        return {}
    after = newest.replace(second=0, microsecond=0)
    asked = throughput(first=after - timedelta(minutes=_RATE_MINUTES), after=after, seconds=60)
    rows = _rows(connection, asked)
    seconds = 60 * _RATE_MINUTES
    return {
        "messages_per_second": round(sum(row["messages"] for row in rows) / seconds, 2),
        "rejected_per_second": round(sum(row["messages"] for row in rows if row["outcome"] == "rejected") / seconds, 3),
    }


def _rows(connection: duckdb.DuckDBPyConnection, question: Question) -> list[dict[str, Any]]:
    cursor = connection.execute(question.sql, dict(question.parameters))
    names = [column[0] for column in cursor.description or []]
    return [dict(zip(names, row, strict=True)) for row in cursor.fetchall()]


def _size(path: Path) -> int:
    """Bytes of a file, or of all files below a folder."""
    if path.is_file():
        return path.stat().st_size
    total = 0
    for folder, _, names in os.walk(path):
        for name in names:
            try:
                total += (Path(folder) / name).lstat().st_size
            except OSError:
                continue  # joined or sealed while we looked
    return total
