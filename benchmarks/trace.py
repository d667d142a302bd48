"""What it takes to get from a figure back to the bytes, on 100 million readings over 30 days.

    python benchmarks/trace.py        # copies the file that benchmarks/history.py makes, once

In the copy the days are exported by the project's own export, and all but the last ten are dropped from the warehouse
file. Two days, one hot and one cold, have all their raw messages in landed files: the hot one in a file a minute, the
cold one in joined files; the ledger knows such files of every day. Of the cold day 10,000 messages are corrections, and
10,000 rejects. Traced are an hour of one device and metric (346 readings) of either day, a correction and a reject:
medians of seven, for the whole process of ``iot-assets trace`` and for the query alone; and the process that only says
how it is used, which tells how busy the machine was.
"""

from __future__ import annotations

import json
import shutil
import sys
import time
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow.parquet as pq

sys.path.insert(0, str(Path(__file__).parent))
from history import SERIES, WORK, history

from iot_assets.bench.figures import Figures
from iot_assets.bench.script import Ended, parser, run
from iot_assets.lake.landed import LANDED_SCHEMA, WRITING
from iot_assets.lake.paths import DataPaths, joined_path
from iot_assets.serving.trace import Figure, trace, trace_reject
from iot_assets.warehouse.connection import Warehouse, transaction
from iot_assets.warehouse.export import export
from iot_assets.warehouse.publish import publish

if TYPE_CHECKING:
    from collections.abc import Callable

    import duckdb

HERE = Path(__file__).parent
READINGS, DAYS, HOT_DAYS = 100_000_000, 30, 10
PER_DAY = READINGS // DAYS // SERIES * SERIES
#: Messages of a landed file: about a minute's, and what a joined one holds at most.
MINUTE, JOINED = PER_DAY // 1440, 250_000
DEVICE, METRIC = "old_37", "metric_3"
_MESSAGES = """
select
    message_id, 'mqtt:bench' as source, 'sensors/' || device_id || '/' || metric as topic,
    encode(json_object('id', device_id, 'metric', metric, 'time', event_at, 'value', value)) as payload,
    null::varchar as content_type, null::varchar as attributes, 1::tinyint as qos, false as retain, false as dup,
    1::integer as packet_id, 1::integer as session, received_at
from silver.readings
where event_at >= timestamptz '{day} 00:00:00+00' and event_at < timestamptz '{day} 00:00:00+00' + interval 1 day
order by message_id
"""
_FILE = """
insert into bronze.files by name
select
    {number} * 100000 + k as file_id,
    'landed/date={day}/hour=00/bench-1760000000000-' || lpad(k::varchar, 6, '0')
        || case when {joined} then '0000' else '' end || '.parquet' as path,
    'bench' as lander, date '{day}' as landed_on, 'entered' as state, least({size}, {per_day} - k * {size}) as rows,
    0 as bytes, (printf('%08x-0000-8000-8000-%012x', {number}, k * {size}))::uuid as first_message_id,
    (printf('%08x-0000-8000-8000-%012x', {number}, least((k + 1) * {size}, {per_day}) - 1))::uuid as last_message_id,
    now() as entered_at, 0 as batch_id
from range(0, {files}) t(k)
"""


def land(connection: duckdb.DuckDBPyConnection, paths: DataPaths, day: date, size: int) -> None:
    """All messages of a day, in files of so many."""
    connection.execute("set arrow_lossless_conversion = true")  # else ids come as text
    table = connection.sql(_MESSAGES.format(day=day)).to_arrow_table().cast(LANDED_SCHEMA)
    midnight = datetime(day.year, day.month, day.day, tzinfo=UTC)
    for number, start in enumerate(range(0, table.num_rows, size)):
        path = paths.landed_file("bench", 1_760_000_000_000, number, midnight)
        if size == JOINED:
            path = paths.lake / joined_path(path.relative_to(paths.lake).as_posix())
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table.slice(start, size), path, **WRITING)


def make(data: Path) -> None:
    """Fill a data folder: export, eviction, landed files, their ledger, corrections and rejects, publication."""
    paths = DataPaths(data)
    shutil.copytree(history(READINGS, DAYS), data, dirs_exist_ok=True)
    with Warehouse(paths.warehouse).connect() as connection:
        days = [
            d
            for (d,) in connection.execute(
                "select bucket_at::date from gold.readings_1d group by 1 order by 1"
            ).fetchall()
        ]
        hot, cold = days[-2], days[4]
        with transaction(connection):
            for number, day in enumerate(days, start=1):
                joined = day < days[-3]
                size = JOINED if joined else MINUTE
                connection.execute(
                    _FILE.format(
                        number=number, day=day, joined=joined, size=size, per_day=PER_DAY, files=-(-PER_DAY // size)
                    )
                )
            of_cold_day = f"silver.readings where batch_id = {days.index(cold) + 1}"
            connection.execute(
                f"insert into silver.corrections select * from {of_cold_day} order by event_at limit 10000"
            )
            connection.execute(
                "insert into silver.rejects by name select message_id, 'sensors' as topic, 'mqtt:bench' as source,"
                " received_at, 'malformed_json' as reason, encode('{') as payload, 1 as attempts, batch_id"
                f" from {of_cold_day} order by event_at desc limit 10000"
            )
        land(connection, paths, hot, MINUTE)
        land(connection, paths, cold, JOINED)
        age = (datetime.now(UTC).date() - days[-1]).days
        done = export(connection, closed_after=timedelta(0), hot_days=HOT_DAYS + age - 1, grace=timedelta(hours=1))
        print(f"{done.written} days written, {done.evicted} dropped", file=sys.stderr)
        publish(connection, paths.serving, whole_rows=5_000_000, recent_days=1)
    (data / "days.json").write_text(json.dumps([str(hot), str(cold)]))


def questions(data: Path) -> dict[str, tuple[Callable[[], list[dict[str, object]]], list[str]]]:
    """What is asked → the query, and the same as arguments of the command."""
    paths = DataPaths(data)
    hot, cold = json.loads((data / "days.json").read_text())
    with Warehouse(paths.warehouse).connect() as connection:
        corrected_at, device, metric = connection.execute(
            "select event_at, device_id, metric from silver.corrections limit 1 offset 5000"
        ).fetchall()[0]
        ((reject,),) = connection.execute("select message_id from silver.rejects limit 1 offset 5000").fetchall()
    found: dict[str, tuple[Callable[[], list[dict[str, object]]], list[str]]] = {}
    for name, table, of, what, at in (
        ("an hour of a hot day", "gold.readings_1h", DEVICE, METRIC, datetime.fromisoformat(f"{hot}T14:00+00:00")),
        ("an hour of a cold day", "gold.readings_1h", DEVICE, METRIC, datetime.fromisoformat(f"{cold}T14:00+00:00")),
        ("a correction", "silver.corrections", device, metric, corrected_at),
    ):
        figure = Figure(table, of, what, at)
        found[name] = (
            lambda figure=figure: trace(paths, figure, 1000),
            [table, "--device", of, "--metric", what, "--at", at.isoformat()],
        )
    found["a reject"] = (lambda: trace_reject(paths, str(reject)), ["silver.rejects", "--id", str(reject)])
    return found


def command(data: Path, *arguments: str) -> Ended:
    """The whole process of ``iot-assets trace``."""
    program = [sys.executable, "-m", "iot_assets", "trace", *arguments]
    done = run(program, cwd=data, environment={"IOT_DATA_DIR": str(data.absolute())})
    assert not done.code, done.output
    return done


def measure(figures: Figures, data: Path, repetitions: int) -> None:
    """Add the figures: of each question the query alone, then the process."""
    asked = questions(data)
    help_alone = "the command's help alone"
    figures.add(help_alone, "s", [command(data, "--help").seconds for _ in range(repetitions)])
    for name, (query, arguments) in asked.items():
        queries, processes = [], []
        for _ in range(repetitions):
            started = time.perf_counter()
            found = query()
            queries.append(time.perf_counter() - started)
            assert all(row["file"] for row in found), "the raw message is missing"
            processes.append(command(data, *arguments, "--json"))
            assert processes[-1].output.count("message_id") >= len(found)
        figures.add(f"{name}, query alone", "s", queries)
        figures.add(
            f"{name}, whole process",
            "s",
            [one.seconds for one in processes],
            against=[help_alone],
            peak_mb=[one.peak_mb for one in processes],
        )


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE, repetitions=7)
    asked.add_argument("--keep", action="store_true", help="keep the data folder, and use it if it is there")
    given = asked.parse_args()
    data = WORK / "trace"
    try:
        if not (data / "days.json").exists():
            shutil.rmtree(data, ignore_errors=True)
            data.mkdir(parents=True)
            make(data)
        figures = Figures("trace", readings=READINGS, days=DAYS)
        measure(figures, data, given.repetitions)
    finally:
        if not given.keep:
            shutil.rmtree(data, ignore_errors=True)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
