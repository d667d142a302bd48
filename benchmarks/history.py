"""A warehouse with a long past, made straight in SQL: 100 million readings over 30 days, with the rollups they give.

Made once in ``benchmarks/work/``, a data folder that is copied for each benchmark that wants one: the warehouse file,
and the lake as the job ``history`` leaves it, with every closed day exported. It is no substitute for data that came in
by the ordinary path, only for their amount: 400 series (80 devices, 5 metrics), one reading each in 10 s or so; or of a
``Fleet`` of another form.
"""

from __future__ import annotations

import argparse
import shutil
import sys
import time
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from iot_assets.lake.paths import DataPaths
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse.connection import Warehouse, transaction
from iot_assets.warehouse.export import export
from iot_assets.warehouse.rules.stage import fingerprint

if TYPE_CHECKING:
    import duckdb

WORK = Path(__file__).parent / "work"
_DAY_READINGS = """
insert into silver.readings by name
select
    'old_' || (s // {metrics}) as device_id,
    'metric_' || (s % {metrics}) as metric,
    to_timestamp({start} + (i + s / {series}) * {step}) as event_at,
    20 + 5 * sin(i / 100.0) + s % 7 as value,
    null as value_text,
    'Cel' as unit,
    []::varchar[] as flags,
    'payload' as event_at_source,
    null as time_text,
    event_at + interval 500 milliseconds as received_at,
    (printf('%08x-0000-8000-8000-%012x', {day}, i * {series} + s))::uuid as message_id,
    0 as position,
    {day} as batch_id,
    []::varchar[] as from_registry
from range({per_day}) t(i), range({series}) u(s)
order by i
"""
_ROLLUP = """
insert into gold.readings_{name} by name
select
    device_id, metric, date_trunc('{width}', event_at) as bucket_at,
    count(*) as n, count(*) as n_valid, 0 as n_excluded,
    sum(value::decimal(38, 12)) as "sum", sum((value * value)::decimal(38, 12)) as sum_squares,
    avg(value) as mean, min(value) as "min", max(value) as "max",
    arg_min(value, event_at) as "first", min(event_at) as first_at, arg_min(message_id, event_at) as first_message_id,
    arg_max(value, event_at) as "last", max(event_at) as last_at, arg_max(message_id, event_at) as last_message_id
from silver.readings
where batch_id = {day}
group by all
order by bucket_at
"""


@dataclass(frozen=True, slots=True)
class Past:
    """Who has spoken: devices, each with so many metrics."""

    devices: int = 80
    metrics: int = 5

    @property
    def series(self) -> int:
        """Devices and metrics."""
        return self.devices * self.metrics


def fill(
    connection: duckdb.DuckDBPyConnection, past: Past, *, start: float, seconds: float, each: int, batch: int
) -> None:
    """One batch: of each series so many readings, evenly over the seconds, with their rollups."""
    names = {"start": start, "step": seconds / each, "per_day": each, "day": batch}
    connection.execute(_DAY_READINGS.format(series=past.series, metrics=past.metrics, **names))
    for name, width in (("1min", "minute"), ("1h", "hour"), ("1d", "day")):
        connection.execute(_ROLLUP.format(name=name, width=width, day=batch))
    for unit in ("bronze", "silver", "gold"):
        connection.execute("insert into ops.applied values (?, ?, 'history', 0, now())", [unit, batch])


def make(path: Path, readings: int, days: int, end: float, past: Past = Past()) -> None:
    """Fill a new warehouse file with ``readings`` over the ``days`` that end at ``end`` (seconds since 1970)."""
    path.unlink(missing_ok=True)
    warehouse = Warehouse(path)
    for day in range(days):
        started = time.perf_counter()
        with warehouse.connect() as connection, transaction(connection):
            start = int(end) // 86400 * 86400 - (days - day) * 86400
            fill(connection, past, start=start, seconds=86400, each=readings // days // past.series, batch=day + 1)
        print(f"day {day + 1} of {days}: {time.perf_counter() - started:.1f} s", file=sys.stderr)
    with warehouse.connect() as connection, transaction(connection):
        newest(connection, days)


def newest(connection: duckdb.DuckDBPyConnection, batch: int) -> None:
    """Latest values and devices, of those that this batch has heard."""
    connection.execute(
        "insert into gold.latest by name select device_id, metric, event_at, value, value_text, unit, flags,"
        " received_at, message_id from silver.readings where batch_id = ? qualify row_number() over"
        " (partition by device_id, metric order by event_at desc) = 1",
        [batch],
    )
    connection.execute(
        "insert into silver.devices (device_id, origin, valid_from_at, first_seen_at, last_seen_at)"
        " select device_id, 'seen', min(received_at), min(received_at), max(received_at) from gold.latest"
        " group by device_id"
    )


def export_days(path: Path) -> None:
    """Write its closed days to the lake beside it, as the job ``history`` does each night."""
    with Warehouse(path).connect() as connection:
        export(connection, closed_after=timedelta(hours=1), hot_days=35, grace=timedelta(days=1))


SERIES = Past().series


def note_judged(path: Path) -> None:
    """Note that the rules in force have judged it; else each run would judge half a million readings more."""
    rules = [rule for rule in in_force(Settings().rules) if rule.action != "quarantine"]
    with Warehouse(path).connect() as connection, transaction(connection):
        connection.execute("delete from ops.unjudged_days")
        connection.execute("delete from ops.rules")
        connection.execute("insert into ops.rules values (?)", [fingerprint(rules)])


def history(readings: int, days: int = 30) -> Path:
    """The data folder, made if it is not there yet, of the schema and judged by the rules of now."""
    folder = WORK / f"history_{readings}_{days}"
    if not folder.exists():
        unfinished = folder.with_suffix(".making")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        warehouse = DataPaths(unfinished).warehouse
        make(warehouse, readings, days, time.time())
        export_days(warehouse)
        unfinished.rename(folder)
    note_judged(DataPaths(folder).warehouse)
    return folder


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--readings", type=int, default=100_000_000)
    print(history(parser.parse_args().readings))
