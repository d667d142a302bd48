"""How long a minute's publication takes on 100 million readings: 10,000 devices, three metrics each, over 30 days.

    python benchmarks/publication.py                                   # makes a day's history first: 20 minutes, 15 GB
    python benchmarks/publication.py --readings 10000000 --days 3 --repetitions 3    # the same days, fewer of them

The days, with rollups, quality and ledger, are made straight in SQL (``history.py``) and exported by the export that
the job ``history`` runs at seven minutes past the hour, today included. Taken is the last such moment that is half an
hour ago or more. What has come since then is made in SQL, too, and noted as changed the way silver and gold note it:
the publication copies the hours that it lies in. Then minutes are landed, taken by the real write units and published;
what counts is ``publish_now`` alone, as the step ``serving`` calls it. ``--statements`` prints what took longest in the
last one.
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet
from history import Past, export_days, fill, newest
from history import make as make_days
from year import run_minute

from iot_assets.assets.serving import publish_now
from iot_assets.bench.figures import Figures
from iot_assets.bench.script import folder, parser
from iot_assets.lake.paths import DataPaths
from iot_assets.settings import Settings
from iot_assets.warehouse import history
from iot_assets.warehouse.connection import Warehouse, transaction

if TYPE_CHECKING:
    import duckdb

HERE = Path(__file__).parent
FLEET = Past(devices=10_000, metrics=3)
DAY, HOUR, MINUTE = 86_400, 3_600, 60
#: What a minute brings, new devices and all: about as much as the days before had a minute.
MESSAGES, DEVICES = 600, 1_000
_QUALITY = """
insert into gold.quality_hourly by name
select
    device_id, metric, bucket_at as hour_at, bucket_at + interval 1 hour as until_at, 780.0 as interval_s,
    'learned' as interval_source, 4 as expected, n as received, n as valid, 0 as excluded, 0 as duplicates, 0 as late,
    0 as rejected, 0 as inconsistent, 0 as gaps, last_at as newest_at, 100.0 as freshness_s, 1.0 as fill_rate,
    1.0 as completeness, 1.0 as validity, 'good' as band
from gold.readings_1h
where bucket_at >= to_timestamp({start})
order by hour_at;
insert into gold.quality_score by name
select
    bucket_at::date as day, 'device' as scope, device_id as name, 1 as devices, 333 as expected, 333 as met,
    sum(n) as received, sum(n) as valid, 0 as rejected, 0 as duplicates, 0 as late, 0 as inconsistent,
    1.0 as completeness, 1.0 as validity, 1.0 as uniqueness, 1.0 as timeliness, 1.0 as consistency, 100.0 as score,
    'good' as band
from gold.readings_1d
where bucket_at >= to_timestamp({start}) - interval 1 day
group by all
order by day
"""
_LEDGER = """
insert into bronze.files by name
select
    k as file_id,
    'landed/date=2020-01-01/hour=00/past-1700000000000-' || lpad(k::varchar, 6, '0') || '.parquet' as path,
    'past' as lander, current_date - ({days} - k // 1440)::integer as landed_on, 'compacted_into' as state,
    2300 as rows, 50000 as bytes, to_timestamp({start} + k * 60) as first_received_at,
    to_timestamp({start} + k * 60 + 60) as last_received_at, last_received_at as entered_at, 1 as batch_id
from range({days} * 1440) t(k);
insert into silver.outcome_counts by name
select * from (
    select 'mqtt:bench' as source, to_timestamp({start} + k * 60) as minute_at, 'telemetry' as outcome,
        minute_at::date as landed_on, 2300 as messages
    from range({days} * 1440) t(k)
)
"""


def note(connection: duckdb.DuckDBPyConnection, since: float) -> None:
    """Note what is of this time as changed, as silver, gold and quality do."""
    for kind, (table, _, _) in history.KINDS.items():
        if kind in {"readings_1d", "quality_log"}:  # the first goes with the hours, the second says nothing
            continue
        rows = f"(from {table.full_name} where {table.time} >= to_timestamp({since // HOUR * HOUR}))"
        history.touch(connection, kind, rows, str(table.time))


def make(data: Path, readings: int, days: int, until: float) -> None:
    """Days that are over, today as far as this moment, and all of it in the lake."""
    paths = DataPaths(data)
    now = time.time()
    midnight = now // DAY * DAY
    each = readings // days // FLEET.series
    make_days(paths.warehouse, readings, days, now, FLEET)
    with Warehouse(paths.warehouse).connect() as connection:
        with transaction(connection):
            if until > midnight:
                seconds = until - midnight
                fill(connection, FLEET, start=midnight, seconds=seconds, each=_part(each, seconds), batch=days + 1)
        with transaction(connection):
            connection.execute(_QUALITY.format(start=midnight - days * DAY))
            connection.execute(_LEDGER.format(days=days, start=midnight - days * DAY))
            weights = Settings().quality.weights.model_dump_json()
            connection.execute("insert into ops.judged values (to_timestamp(?), ?)", [now // HOUR * HOUR, weights])
            note(connection, midnight)
    export_days(paths.warehouse)


def exported_at(now: float) -> float:
    """Seven past the hour, half an hour ago or more; midnight, where that was yesterday."""
    return max((now - 37 * MINUTE) // HOUR * HOUR + 7 * MINUTE, now // DAY * DAY)


def _part(each: int, seconds: float) -> int:
    """Readings of a series in this part of a day."""
    return max(1, round(each * seconds / DAY))


def since_then(data: Path, readings: int, days: int, start: float, now: float) -> None:
    """What has come between the export and now."""
    with Warehouse(DataPaths(data).warehouse).connect() as connection, transaction(connection):
        each = _part(readings // days // FLEET.series, now - start)
        fill(connection, FLEET, start=start, seconds=now - start, each=each, batch=days + 2)
        # Of the hour and the day there are two rows now.
        for table, width in (("readings_1h", HOUR), ("readings_1d", DAY)):
            connection.execute(
                f"delete from gold.{table} where bucket_at >= to_timestamp(?) and last_at < to_timestamp(?)",
                [start // width * width, start],
            )
        connection.execute("delete from gold.latest; delete from silver.devices")
        newest(connection, days + 2)
        connection.execute(_QUALITY.split(";", maxsplit=1)[0].format(start=start))
        note(connection, start)


class Statements:
    """A connection that remembers how long each statement took."""

    def __init__(self, connection: duckdb.DuckDBPyConnection) -> None:
        self._connection = connection
        self.seconds: list[tuple[float, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *parameters: Any) -> Any:
        """Pass the statement on."""
        started = time.perf_counter()
        result = self._connection.execute(sql, *parameters)
        self.seconds.append((time.perf_counter() - started, " ".join(sql.split())[:110]))
        return result


def measure(figures: Figures, data: Path, repetitions: int, now: float, *, statements: bool) -> None:
    """Publish minute after minute."""
    settings = Settings(data_dir=data)
    paths = DataPaths(data)
    fleet = Fleet(paths, DEVICES)
    walls, cpus, sizes = [], [], []
    for number in range(repetitions + 1):
        at = now - MINUTE * (repetitions + 1 - number)
        fleet.land(at, MINUTE, MESSAGES)
        with Warehouse(paths.warehouse).connect() as connection:
            run_minute(connection, settings, datetime.fromtimestamp(at + MINUTE, UTC), f"run-{number}")
        with Warehouse(paths.warehouse).connect() as connection:
            watched: Any = Statements(connection)
            cpu, started = time.process_time(), time.perf_counter()
            told = publish_now(watched, settings)
            walls.append(time.perf_counter() - started)
            cpus.append(time.process_time() - cpu)
            sizes.append(told["bytes"] / 1e6)
    # The first one finds new devices and nothing in memory.
    figures.add("publication of a minute", "s", walls[1:], cpu_seconds=cpus[1:])
    figures.add("size of serving.duckdb", "MB", sizes[1:])
    if statements:
        for seconds, sql in sorted(watched.seconds, reverse=True)[:15]:
            print(f"  {seconds:7.3f} s  {sql}")


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--readings", type=int, default=100_000_000)
    asked.add_argument("--days", type=int, default=30)
    asked.add_argument("--statements", action="store_true")
    given = asked.parse_args()
    start = exported_at(time.time())
    past = given.work / f"publication_{given.readings}_{given.days}_{datetime.fromtimestamp(start, UTC):%Y-%m-%d_%H}"
    for other in given.work.glob("publication_*"):
        if other != past:
            shutil.rmtree(other)
    if not past.exists():
        unfinished = past.with_suffix(".making")
        shutil.rmtree(unfinished, ignore_errors=True)
        unfinished.mkdir(parents=True)
        make(unfinished, given.readings, given.days, start)
        unfinished.rename(past)
    with folder(given.work) as work:
        data = work / "data"
        warehouse = DataPaths(past).warehouse
        shutil.copytree(past, data, copy_function=_linked_or_copied(warehouse))
        now = time.time() // MINUTE * MINUTE
        since_then(data, given.readings, given.days, start, now - MINUTE * (given.repetitions + 1))
        copied = round((now - start // HOUR * HOUR) / MINUTE)
        figures = Figures(
            "publication", readings=given.readings, days=given.days, devices=FLEET.devices, minutes_copied=copied
        )
        measure(figures, data, given.repetitions, now, statements=given.statements)
    figures.keep(given.into)


def _linked_or_copied(written: Path) -> Any:
    """Copies what will be written; the lake's files never change."""

    def copy(source: str, target: str) -> str:
        if Path(source) == written:
            return str(shutil.copyfile(source, target))
        os.link(source, target)
        return target

    return copy


if __name__ == "__main__":
    main()
