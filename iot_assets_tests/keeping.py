"""What the job `history` does, step by step, in a house of a test; and all that people can read of it afterwards.

Belongs here: exporting, joining, publishing, reading what is published as plain rows. Does not: expectations.
"""

from __future__ import annotations

import shutil
from datetime import timedelta
from typing import TYPE_CHECKING, Final

import duckdb

from iot_assets.serving.ledger import published_paths
from iot_assets.warehouse import export as exporting
from iot_assets.warehouse import history
from iot_assets.warehouse.compaction import compact_landed
from iot_assets.warehouse.publish import SPANNED
from iot_assets.warehouse.tables import REJECTS, TABLES
from iot_assets_tests.house import House, house_in, rows_of, tables_of

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.warehouse.compaction import Compacted
    from iot_assets.warehouse.export import Exported
    from iot_assets_tests.house import Row, Tables

HOUR: Final = timedelta(hours=1)
NEVER: Final = 100_000


def export(house: House, *, hot_days: int = NEVER, grace: timedelta = HOUR) -> Exported:
    """Closed days go to the lake; without ``hot_days`` they all stay in the warehouse file, too."""
    with house.open() as connection:
        return exporting.export(connection, closed_after=timedelta(0), hot_days=hot_days, grace=grace)


def join(house: House, *, after_days: int = 1, most: int = 1000, grace: timedelta = HOUR) -> Compacted:
    """The small landed files of past days are joined."""
    published = published_paths(house.paths)
    with house.open() as connection:
        return compact_landed(
            connection, house.paths, published=published, after_days=after_days, most_messages=most, grace=grace
        )


def published(house: House, *, whole_rows: int = 0) -> dict[str, list[Row]]:
    """Silver's readings and gold's minutes as they are published, bit for bit; few rows may be published whole."""
    house.publish(whole_rows=whole_rows)
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        connection.execute("set TimeZone = 'UTC'")
        return {table.full_name: rows_of(connection, table) for table in SPANNED.values()}


def tables_with_lake(house: House) -> Tables:
    """All tables as ``House.tables`` gives them, days that only the lake has included."""
    with house.open() as connection:
        found = tables_of(connection)
        for kind, table in SPANNED.items():
            connection.execute(f"create temp view everywhere as {history.cold(connection, kind)}")
            names = [c.name for c in TABLES[table.full_name].columns]
            assert [c[0] for c in connection.execute("from everywhere limit 0").description or []] == names
            cold = rows_of(connection, _Named(table.columns, "temp.everywhere"))  # type: ignore[arg-type]
            connection.execute("drop view temp.everywhere")
            found[table.full_name] = sorted([*found[table.full_name], *cold], key=repr)
    return found


def but_for_bookkeeping(tables: Tables) -> Tables:
    """How often a reject was tried is no fact about it, nor is the route by which a device was read before a replay."""
    attempts = [c.name for c in REJECTS.columns if c.name not in {"batch_id", "replayed_at"}].index("attempts")
    rejects = [(*row[:attempts], *row[attempts + 1 :]) for row in tables["silver.rejects"]]
    return {**tables, "silver.rejects": rejects, "silver.device_routes": []}


def taken_in_anew(house: House, folder: Path, template: Path) -> House:
    """Another house with the same landed files and nothing else, that has taken them in."""
    anew = house_in(folder)
    anew.paths.root.mkdir(parents=True)
    shutil.copytree(house.paths.landed, anew.paths.landed)
    shutil.copy(template, anew.paths.warehouse)
    anew.run()
    return anew


class _Named:
    """A table's columns under another name."""

    def __init__(self, columns: object, full_name: str) -> None:
        self.columns, self.full_name = columns, full_name
