"""What a year at one run a minute leaves: files in the lake, bytes and rows of the warehouse and its publication.

    python benchmarks/year.py                            # 365 days, 4 minutes sampled of each
    python benchmarks/year.py --days 30 --minutes 2

Sampled: of each day a few minutes are landed as they would have been then, with messages received then, and each is
taken by the real write units (bronze, silver, gold, status, quality, logs of checks) as of that moment. After each day
come the real jobs: publication, export of closed days, joining of landed files, pruning. These go by today's clock, so
a day counts as over, and as old, at once; the last 35 days are at the end just as a year in service leaves them. What
grows with the number of runs is told a run, and what that makes in a year of 525,600; what grows with what is measured
depends on the fleet (here five devices), and is told a day of the sample. Dagster's own storage is not part of it: the
job ``clean_up`` bounds it by ``schedule.storage_max_bytes``.
"""

from __future__ import annotations

import argparse
import json
import tempfile
from datetime import UTC, datetime, timedelta
from pathlib import Path
from sys import path as import_path
from typing import TYPE_CHECKING

import_path.insert(0, str(Path(__file__).parent))
from fleet import Fleet

from iot_assets.assets.bronze import bring_in
from iot_assets.assets.serving import publish_now
from iot_assets.assets.silver import settle_pending
from iot_assets.lake.paths import DataPaths
from iot_assets.resources import formulas
from iot_assets.sections.rules import in_force
from iot_assets.serving.ledger import published_paths
from iot_assets.settings import Settings
from iot_assets.warehouse import device_status, gold, ledger, quality
from iot_assets.warehouse.compaction import compact_landed
from iot_assets.warehouse.connection import Warehouse
from iot_assets.warehouse.export import export
from iot_assets.warehouse.prune import prune

if TYPE_CHECKING:
    import duckdb

HERE = Path(__file__).parent
RUNS_A_YEAR = 365 * 1440
DEVICES = 5
MESSAGES = 20


def run_minute(connection: duckdb.DuckDBPyConnection, settings: Settings, now: datetime, run_id: str) -> None:
    """What the steps of a run write, as of a moment."""
    checks = bring_in(connection, settings, run_id).checks
    for written in settle_pending(connection, settings, run_id):
        checks += written.checks
    rules = in_force(settings.rules)
    checks += gold.heal(connection, run_id=run_id, formulas=formulas(settings), judged_by=rules).checks
    checks += device_status.update(connection, settings.status, now, run_id=run_id).checks
    checks += quality.update(connection, settings.quality, now, run_id=run_id).checks
    ledger.log(connection, run_id, checks)


def close_day(connection: duckdb.DuckDBPyConnection, settings: Settings, paths: DataPaths) -> None:
    """The jobs that keep things bounded."""
    publish_now(connection, settings)
    export(connection, closed_after=timedelta(hours=1), hot_days=settings.history.hot_days, grace=timedelta())
    compact_landed(
        connection,
        paths,
        published=published_paths(paths),
        after_days=settings.history.compact_after_days,
        most_messages=settings.warehouse.batch_messages,
        grace=timedelta(),
    )
    prune(connection, bronze_days=settings.warehouse.bronze_days)
    publish_now(connection, settings)


def rows_of(connection: duckdb.DuckDBPyConnection) -> dict[str, int]:
    """Rows of each table of the warehouse file."""
    names = connection.execute(
        "select schema_name || '.' || table_name from duckdb_tables()"
        " where database_name = current_database() and not temporary order by 1"
    ).fetchall()
    counted = {name: connection.execute(f"select count(*) from {name}").fetchall()[0][0] for (name,) in names}
    return {name: count for name, count in counted.items() if count}


def sizes(paths: DataPaths) -> dict[str, int]:
    """Files of the lake by their place, and bytes of the files that DuckDB keeps."""
    lake = {}
    for place in ("landed", "silver", "gold"):
        files = [file for file in (paths.lake / place).rglob("*") if file.is_file()]
        lake |= {f"files in lake/{place}": len(files), f"bytes in lake/{place}": sum(f.stat().st_size for f in files)}
    return {
        **lake,
        "bytes of iot.duckdb": paths.warehouse.stat().st_size,
        "bytes of serving": paths.serving.stat().st_size,
    }


def simulate(days: int, minutes: int) -> dict[str, object]:
    """Live through the days; sizes at a quarter, a half, three quarters and the end, and rows a run."""
    results: dict[str, object] = {"days": days, "runs": days * minutes, "messages a run": MESSAGES}
    with tempfile.TemporaryDirectory(dir=HERE / "work") as folder:
        settings = Settings(data_dir=Path(folder))
        paths = DataPaths(Path(folder))
        fleet = Fleet(paths, DEVICES)
        today = datetime.now(UTC).replace(hour=0, minute=0, second=0, microsecond=0)
        marks = {days * quarter // 4: f"after {quarter} of 4 parts" for quarter in (1, 2, 3, 4)}
        for number in range(1, days + 1):
            day = today - timedelta(days=days - number + 1)
            with Warehouse(paths.warehouse).connect() as connection:
                for sample in range(minutes):
                    at = day + timedelta(hours=24 * sample / minutes)
                    fleet.land(at.timestamp(), 60, MESSAGES)
                    run_minute(connection, settings, at + timedelta(minutes=1), f"{number}-{sample}")
                close_day(connection, settings, paths)
                if number in marks:
                    results[marks[number]] = {**sizes(paths), "rows": rows_of(connection)}
    last = results["after 4 of 4 parts"]
    assert isinstance(last, dict)
    by_run = {name: rows / (days * minutes) for name, rows in last["rows"].items()}
    results["rows a run, of tables that may grow with the number of runs"] = {
        name: {"a run": round(by_run[name], 2), "in a year": round(by_run[name] * RUNS_A_YEAR)}
        for name in ("bronze.files", "gold.quality_log", "ops.applied", "silver.outcome_counts")
        if name in by_run
    }
    return results


def main() -> None:
    """Simulate and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--days", type=int, default=365)
    parser.add_argument("--minutes", type=int, default=4, help="minutes sampled of each day")
    arguments = parser.parse_args()
    (HERE / "work").mkdir(exist_ok=True)
    results = simulate(arguments.days, arguments.minutes)
    (HERE / "results").mkdir(exist_ok=True)
    (HERE / "results" / f"year-{datetime.now(UTC):%Y-%m-%d}.json").write_text(json.dumps(results, indent=1) + "\n")
    print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
