"""What late data and duplicates cost: 10,000 devices with a year of hourly history, and one that comes months late.

    python benchmarks/heal.py                          # 10,000 devices, 365 days; making them takes a while, once
    python benchmarks/heal.py --devices 1000 --days 60

The history is made straight in SQL, as the job `history` would have left it: the last 35 days in the warehouse file,
the others in the lake only; rollups by day in the file. Measured are the write units (bronze, silver, gold) in this
process, with the built-in rules and formulas, the publication apart, and medians of five repetitions where not said
otherwise:

* a device sends a day of hourly readings that is half a year old (its day is in the lake only);
* a device sends half a year of hourly readings at once, which the lake has all but the last 35 days of; and again half
  a year, beside what it has just sent, while what it concerns is in the file;
* an ordinary minute of 5,000 messages, and the same messages again: nothing but duplicates.
"""

from __future__ import annotations

import json
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from history import note_judged

from iot_assets.assets.silver import settle_pending
from iot_assets.bench.figures import Figures
from iot_assets.bench.script import folder, parser
from iot_assets.lake.landed import FOOTER_ROWS, LANDED_SCHEMA, WRITING
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths
from iot_assets.resources import formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze, gold
from iot_assets.warehouse.connection import Warehouse, transaction
from iot_assets.warehouse.export import GROUP_ROWS
from iot_assets.warehouse.publish import publish

HERE = Path(__file__).parent
HOT_DAYS = 35
ORDINARY = "ordinary minute of 5,000 messages"
_DAY = """
create or replace temp table day_readings as from silver.readings limit 0;

insert into day_readings by name
select
    'device_' || lpad(d::varchar, 5, '0') as device_id,
    'temperature' as metric,
    timestamptz '{day} 00:00:00+00' + to_hours(h::int) + to_seconds(d % 3600) as event_at,
    20 + h / 10 + d % 7 as value,
    null::varchar as value_text,
    'Cel' as unit,
    []::varchar[] as flags,
    'payload' as event_at_source,
    null::varchar as time_text,
    event_at + interval 1 second as received_at,
    (printf('%08x-0000-8000-8000-%012x', {number}, h * {devices} + d))::uuid as message_id,
    0::integer as position,
    {number}::bigint as batch_id,
    []::varchar[] as from_registry
from range({devices}) t(d), range(24) u(h);

create or replace temp table day_minutes as
select
    device_id, metric, date_trunc('minute', event_at) as bucket_at, 1::bigint as n, 1::bigint as n_valid,
    0::bigint as n_excluded, value::decimal(38, 12) as "sum", (value * value)::decimal(38, 12) as sum_squares,
    value::double as mean, value::double as "min", value::double as "max", value::double as "first",
    event_at as first_at, message_id as first_message_id, value::double as "last", event_at as last_at,
    message_id as last_message_id
from day_readings;

create or replace temp table day_hours as
select * replace (date_trunc('hour', bucket_at) as bucket_at) from day_minutes;

insert into gold.readings_1d by name
select
    device_id, metric, date_trunc('day', bucket_at) as bucket_at, count(*) as n, count(*) as n_valid, 0 as n_excluded,
    sum("sum") as "sum", sum(sum_squares) as sum_squares, avg(mean) as mean, min("min") as "min", max("max") as "max",
    arg_min("first", first_at) as "first", min(first_at) as first_at, arg_min(first_message_id, first_at) as
    first_message_id, arg_max("last", last_at) as "last", max(last_at) as last_at,
    arg_max(last_message_id, last_at) as last_message_id
from day_minutes group by all;
"""
_KINDS = (
    ("readings", "silver/readings", "silver.readings", "event_at", "day_readings"),
    ("readings_1min", "gold/readings_1min", "gold.readings_1min", "bucket_at", "day_minutes"),
    ("readings_1h", "gold/readings_1h", "gold.readings_1h", "bucket_at", "day_hours"),
)


def make(data: Path, devices: int, days: int) -> None:
    """Fill a data folder with the history of devices that each said something every hour."""
    paths = DataPaths(data)
    today = datetime.now(UTC).date()
    with Warehouse(paths.warehouse).connect() as connection:
        for number in range(1, days + 1):
            day = today - timedelta(days=days - number + 1)
            with transaction(connection):
                connection.execute(_DAY.format(day=day, number=number, devices=devices))
                for kind, folder, table, at, source in _KINDS:
                    path = f"{folder}/date={day}/{kind}-1.parquet"
                    (paths.lake / path).parent.mkdir(parents=True)
                    columns = connection.execute(f"select * from {table} limit 0").description or []
                    listed = ", ".join(f'"{column[0]}"' for column in columns)
                    connection.execute(
                        f"copy (select {listed} from {source} order by device_id, metric, {at})"
                        f" to '{paths.lake / path}' (format parquet, compression zstd, row_group_size {GROUP_ROWS})"
                    )
                    hot = (today - day).days <= HOT_DAYS
                    if hot:
                        connection.execute(f"insert into {table} by name select * from {source} order by {at}")
                    connection.execute(
                        "insert into ops.history values (?, ?, ?, ?, ?, ?, now(), null)",
                        [kind, day, path, devices * 24, (paths.lake / path).stat().st_size, "hot" if hot else "cold"],
                    )
                for unit in ("bronze", "silver", "gold"):
                    connection.execute("insert into ops.applied values (?, ?, 'history', 0, now())", [unit, number])
            print(f"\rday {number} of {days}", end="", file=sys.stderr)
        with transaction(connection):
            connection.execute(
                "insert into gold.latest by name select device_id, metric, event_at, value, value_text, unit, flags,"
                " received_at, message_id from day_readings qualify row_number() over"
                " (partition by device_id, metric order by event_at desc) = 1"
            )
            connection.execute(
                "insert into silver.devices (device_id, origin, valid_from_at, first_seen_at, last_seen_at)"
                " select device_id, 'seen', received_at, received_at, received_at from gold.latest"
            )
    print(file=sys.stderr)
    note_judged(paths.warehouse)


class Bench:
    """One data folder, and messages landed into it."""

    def __init__(self, data: Path) -> None:
        self.settings = Settings(data_dir=data)
        self.paths = DataPaths(data)
        self._sequence = self._segment = 0
        self._start_ms = time.time_ns() // 1_000_000

    def land(self, sent: list[tuple[str, datetime, float]]) -> None:
        """One landed file of (device, when, value), received just now."""
        now = datetime.now(UTC)
        count = len(sent)
        bodies = [
            json.dumps({"timestamp": at.isoformat(), "device_id": device, "temperature": value}).encode()
            for device, at, value in sent
        ]
        table = pa.table(
            [
                MessageIds("bench", self._start_ms).column(self._sequence, count),
                ["mqtt:bench"] * count,
                [f"telemetry/{device}" for device, _, _ in sent],
                bodies,
                pa.nulls(count, pa.string()),
                pa.nulls(count, pa.string()),
                pa.array([1] * count, pa.int8()),
                [False] * count,
                [False] * count,
                pa.array([0] * count, pa.int32()),
                pa.array([1] * count, pa.int32()),
                pa.array([now] * count, pa.timestamp("us", tz="UTC")),
            ],
            schema=LANDED_SCHEMA.with_metadata({FOOTER_ROWS: str(count).encode()}),
        )
        path = self.paths.landed_file("bench", self._start_ms, self._segment, now)
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **WRITING)
        self._sequence, self._segment = self._sequence + count, self._segment + 1

    def minute(self) -> float:
        """Bronze, silver and gold; seconds."""
        started = time.perf_counter()
        with Warehouse(self.paths.warehouse).connect() as connection:
            list(bronze.enter(connection, self.paths, run_id="bench", most_messages=250_000))
            settle_pending(connection, self.settings, "bench")
            rules = in_force(self.settings.rules)
            gold.heal(connection, run_id="bench", formulas=formulas(self.settings), judged_by=rules)
        return time.perf_counter() - started

    def publish(self) -> float:
        started = time.perf_counter()
        with Warehouse(self.paths.warehouse).connect() as connection:
            publish(connection, self.paths.serving, whole_rows=5_000_000, recent_days=1)
        return time.perf_counter() - started


def measure(figures: Figures, bench: Bench, devices: int, days: int, repetitions: int) -> None:
    """Add the figures."""
    midnight = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
    half = min(days // 2, 183)

    def late(device: int, first_day: int, count: int, minute: int = 30) -> float:
        """Some minutes beside the readings that are there, so that every one is new."""
        start = midnight - timedelta(days=first_day)
        bench.land(
            [(f"device_{device:05}", start + timedelta(hours=h, minutes=minute), 20.0) for h in range(24 * count)]
        )
        return bench.minute()

    def ordinary() -> list[tuple[str, datetime, float]]:
        now = datetime.now(UTC)
        return [
            (f"device_{n % devices:05}", now - timedelta(seconds=n % 50, microseconds=n), 21.5) for n in range(5000)
        ]

    bench.land(ordinary())
    figures.add("first minute", "s", [bench.minute()])
    fresh, again = [], []
    for _ in range(repetitions):
        sent = ordinary()
        bench.land(sent)
        fresh.append(bench.minute())
        bench.land(sent)
        again.append(bench.minute())
    figures.add(ORDINARY, "s", fresh)
    figures.add("the same again, duplicates only", "s", again, against=[ORDINARY])
    days_late = [late(1 + n, half + 5 + n, 1) for n in range(repetitions)]
    figures.add("a day, half a year late, in the lake only", "s", days_late, against=[ORDINARY])
    for where, minute in (("in the lake", 30), ("in the file", 20)):
        at_once = [late(n, half, half - 1, minute) for n in range(42, 42 + repetitions)]
        figures.add(f"{half} days late at once, {where}", "s", at_once, against=[ORDINARY])


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--devices", type=int, default=10_000)
    asked.add_argument("--days", type=int, default=365)
    asked.add_argument("--publish", action="store_true", help="also measure a publication")
    given = asked.parse_args()
    with folder(given.work) as data:
        make(data, given.devices, given.days)
        figures = Figures("heal", devices=given.devices, days=given.days)
        bench = Bench(data)
        measure(figures, bench, given.devices, given.days, given.repetitions)
        if given.publish:
            figures.add("publication", "s", [bench.publish()])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
