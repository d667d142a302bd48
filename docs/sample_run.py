# ruff: noqa: INP001 - a script beside its pages, not a package
"""A small house that lives through one made-up afternoon, always the same: what docs and lineage are read from.

Belongs here: what lands, which units run, and a note of each statement that they execute. Does not: what becomes of it
(``reference.py``, ``make.py``), how statements are understood (``sql_columns.py``).
"""

from __future__ import annotations

import json
import re
import tempfile
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from functools import cache
from pathlib import Path
from typing import Any, Final, cast

import duckdb
import pyarrow as pa
from sql_columns import NOTHING, Follower, Sources

from iot_assets.assets.silver import settle_pending
from iot_assets.lake.landed import LANDED_SCHEMA, REGISTRY_SOURCE
from iot_assets.resources import data_paths, formulas
from iot_assets.sections.formulas import Formula
from iot_assets.sections.rules import Rule, in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import bronze, device_status, gold, ledger, quality
from iot_assets.warehouse.connection import Warehouse
from iot_assets.warehouse.publish import publish
from iot_assets.warehouse.tables import TABLES, Table
from iot_assets.warehouse.views import VIEWS, content
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at

RUN: Final = "00000000-0000-4000-8000-000000000000"
#: The sample is looked at a few hours after its last message.
MOMENT: Final = NOON + timedelta(hours=6)

#: Breaks at the reading of -127 that a probe sends when its wire is off.
_RULE: Final = Rule(name="probe_off", kind="sentinel", metrics=("temperature",), values=(-127,), action="exclude")

_SAID: Final = ("topic", "payload", "content_type", "attributes")
#: What decoders (which are Python) read of a message; what they say of times, the received time too.
_DECODED: Final[Sources] = frozenset(("bronze.messages", name) for name in _SAID)
_RECEIVED: Final[Sources] = frozenset({("bronze.messages", "received_at")})
_DATED: Final = frozenset({"event_at", "event_at_source", "time_text", "flags"})
#: What readings have of their message as it is.
_CARRIED: Final = frozenset({"message_id", "received_at"})
#: Tables staged from Python that hold what decoders made of messages.
_BY_DECODERS: Final = ("decoded_", "announced_", "declared_")
#: Tables that only say which rows are to be made again.
_TO_DO: Final = ("ops.dirty", "ops.dirty_hours", "ops.rereads")
_STAGED: Final = re.compile(r"create or replace temp table (\w+) as select \* from _arriving")
_TELLS: Final = re.compile(r"\s*(create\b.*?\bas|insert|update)\b", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True, slots=True)
class Sample:
    """What the afternoon left: columns and where they come from, and the first row of each table."""

    comes_from: Mapping[str, Mapping[str, Sources]]
    rows: Mapping[str, Mapping[str, Any]]


@dataclass(slots=True)
class Listening:
    """A connection whose statements are followed; else it is as it was."""

    connection: duckdb.DuckDBPyConnection
    follower: Follower
    _arriving: pa.Table | None = field(default=None, init=False)
    _heard: set[str] = field(default_factory=set, init=False)

    def execute(self, sql: str, *arguments: Any) -> duckdb.DuckDBPyConnection:
        """As DuckDB's; the statement is followed once it has run."""
        done = self.connection.execute(sql, *arguments)
        if staged := _STAGED.match(sql):
            assert self._arriving is not None
            self.follower.stage(staged[1], _staged(staged[1], self._arriving))
        elif _TELLS.match(sql) and sql not in self._heard:
            self._heard.add(sql)
            self.follower.follow(sql)
        return done

    def register(self, name: str, table: pa.Table) -> None:
        """As DuckDB's."""
        self._arriving = table
        self.connection.register(name, table)
        self.follower.stage(name, _staged(name, table))

    def __getattr__(self, name: str) -> Any:
        return getattr(self.connection, name)


@cache
def sample() -> Sample:
    """Live through the afternoon."""
    with tempfile.TemporaryDirectory() as folder:
        settings = Settings(data_dir=Path(folder), formulas=(Formula(use="dew_point"),), rules=(_RULE,))
        paths = data_paths(settings)
        lake = LakeBuilder(paths)
        with Warehouse(paths.warehouse, threads=1).connect() as plain:
            follower = Follower(_tables(plain))
            connection = cast("duckdb.DuckDBPyConnection", Listening(plain, follower))
            for messages in _afternoon():
                lake.land(*messages)
                list(bronze.enter(connection, paths, run_id=RUN, most_messages=1000))
                settle_pending(connection, settings, RUN)
                gold.heal(connection, run_id=RUN, formulas=formulas(settings), judged_by=in_force(settings.rules))
            judged = device_status.update(connection, settings.status, MOMENT, run_id=RUN)
            scored = quality.update(connection, settings.quality, MOMENT, run_id=RUN)
            ledger.log(connection, RUN, judged.checks + scored.checks)
            publish(connection, paths.serving, whole_rows=1000, recent_days=1)
            for view in VIEWS:
                follower.follow(f"insert into {view.full_name} by name {content(view)}")
            rows = {table.full_name: _first(plain, table) for table in (*TABLES.values(), *VIEWS)}
            return Sample(_asset_columns(follower.comes_from), rows)


def _tables(connection: duckdb.DuckDBPyConnection) -> dict[str, list[str]]:
    """Every table of the file with its columns: as declared, in that order, then those not declared, then views."""
    tables: dict[str, list[str]] = {name: [] for name in TABLES}
    found = connection.execute(
        "select schema_name || '.' || table_name, column_name from duckdb_columns()"
        " semi join duckdb_tables() using (database_name, schema_name, table_name)"
        " where database_name = current_database() order by schema_name, table_name, column_index"
    )
    for table, column in found.fetchall():
        tables.setdefault(table, []).append(column)
    return tables | {view.full_name: [column.name for column in view.columns] for view in VIEWS}


def _staged(name: str, table: pa.Table) -> dict[str, Sources]:
    if name == "arriving_messages":
        landed = set(LANDED_SCHEMA.names)
        return {c: frozenset({("lake.landed", c)}) if c in landed else NOTHING for c in table.column_names}
    if not name.startswith(_BY_DECODERS):
        return dict.fromkeys(table.column_names, NOTHING)
    return {c: _decoded(c) for c in table.column_names}


def _decoded(column: str) -> Sources:
    if column == "row":
        return NOTHING
    if column in _CARRIED:
        return frozenset({("bronze.messages", column)})
    return _DECODED | _RECEIVED if column in _DATED else _DECODED


def _asset_columns(comes_from: Mapping[str, Mapping[str, Sources]]) -> dict[str, dict[str, Sources]]:
    """Columns of tables that are assets, by columns of assets.

    Columns of ``ops`` give way to what they come from. Of tables that come from each other, such as readings and
    corrections between which rows move, those declared first do not come from those after them.
    """
    assets = {
        table: {column: _resolved(sources, comes_from) for column, sources in columns.items()}
        for table, columns in comes_from.items()
        if not table.startswith("ops.")
    }
    before = {table: {name for sources in columns.values() for name, _ in sources} for table, columns in assets.items()}
    place = {table: number for number, table in enumerate(assets)}

    def is_backwards(source: str, table: str) -> bool:
        return place.get(source, -1) >= place[table] and table in _reached(source, before)

    return {
        table: {c: frozenset(s for s in sources if not is_backwards(s[0], table)) for c, sources in columns.items()}
        for table, columns in assets.items()
    }


def _resolved(sources: Sources, comes_from: Mapping[str, Mapping[str, Sources]]) -> Sources:
    """The same with columns of ``ops`` replaced by what they come from."""
    found, waiting = set(), list(sources)
    seen: set[tuple[str, str]] = set()
    while waiting:
        table, column = waiting.pop()
        if not table.startswith("ops."):
            found.add((table, column))
        elif table not in _TO_DO and (table, column) not in seen:
            seen.add((table, column))
            waiting += comes_from[table].get(column, NOTHING)
    return frozenset(found)


def _reached(start: str, before: Mapping[str, set[str]]) -> set[str]:
    """This table and all that it comes from."""
    found, waiting = set(), [start]
    while waiting:
        table = waiting.pop()
        if table not in found:
            found.add(table)
            waiting += before.get(table, ())
    return found


def _first(connection: duckdb.DuckDBPyConnection, table: Table) -> dict[str, Any]:
    """The first row of a table, by its key; one that has a value in as many columns as any."""
    filled = " + ".join(f'("{c.name}" is not null)::integer' for c in table.columns)
    order = ", ".join(f'"{column}"' for column in table.key) or "1"
    cursor = connection.execute(f"select * from {table.full_name} order by {filled} desc, {order} limit 1")
    names = [column[0] for column in cursor.description or []]
    row = cursor.fetchone()
    return dict(zip(names, row, strict=True)) if row else {}


def _afternoon() -> Iterator[list[Message]]:
    """What lands, file by file: two devices, a registry that comes later, and some of all that may go wrong."""
    boiler = [_said("boiler_1", 600 * n, temperature=60 + n % 3, humidity=40 + n, battery=97.0) for n in range(24)]
    outside = [_said("outside", 60 + 900 * n, temperature=round(8 - n / 4, 2), state="ok") for n in range(16)]
    yield [*boiler[:9], *outside[:6], _said("outside", 5500, temperature=-127)]
    yield [
        _registry(5600),
        boiler[2],  # once more, and then another value for the same time
        _said("boiler_1", 1200, received=5700, temperature=61.5),
        Message(received_at=at(5800), topic="devices/outside/up", payload=b'{"temperature": '),
        Message(received_at=at(5900), topic="plant/7/oven", payload=b"\xff"),
    ]
    yield [*boiler[9:], *outside[6:], _said("boiler_1", 14_500, temperature=950)]


def _said(device: str, seconds: float, *, received: float | None = None, **values: object) -> Message:
    body = {"ts": at(seconds).isoformat(), **values}
    return Message(
        received_at=at((seconds if received is None else received) + 0.25),
        topic=f"devices/{device}/up",
        payload=json.dumps(body).encode(),
    )


def _registry(seconds: float) -> Message:
    devices = {
        "boiler_1": {
            "kind": "boiler", "manufacturer": "Acme", "model": "B-7", "site": "plant north", "lat": 47.37, "lon": 8.54,
            "firmware": "2.1", "installed_at": "2025-03-01T08:00:00Z", "expected_interval_s": 600,
            "metrics": {
                "temperature": {"unit": "Cel", "min": 0, "max": 120, "description": "Flow temperature"},
                "humidity": {"unit": "%", "min": 0, "max": 100},
            },
        },
        "outside": {"kind": "weather", "site": "plant north", "metrics": {"temperature": {"unit": "Cel"}}},
    }  # fmt: skip
    payload = json.dumps(devices).encode()
    return Message(received_at=at(seconds), topic="registry.json", payload=payload, source=REGISTRY_SOURCE)
