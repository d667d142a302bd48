"""Derived metrics, healed like rollups: the dirty buckets, and all of a formula that has changed.

Belongs here: which buckets are made anew, and from what. Does not: what a formula says in SQL (``formulas/sql.py``).
``heal`` runs inside gold's transaction, after the rollups; gold.formulas says which formulas the tables are made with,
ops.formula_devices which kind and site each device then had.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from types import MappingProxyType
from typing import Final

import duckdb

from iot_assets.formulas.formula import HOURS, Formula, Resolution
from iot_assets.formulas.sql import expression, statistic, statistics_of
from iot_assets.warehouse import contract, history
from iot_assets.warehouse.connection import insert, scalar
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.spans import devices_of, spans_of, within
from iot_assets.warehouse.tables import DERIVED_1D, DERIVED_1H, FORMULAS, READINGS_1D, READINGS_1H, Table

#: resolution → (derived table, the rollup that it is made from, its width as DuckDB names it).
_MADE: Final = MappingProxyType[Resolution, tuple[Table, Table, str]](
    {"1h": (DERIVED_1H, READINGS_1H, "hour"), "1d": (DERIVED_1D, READINGS_1D, "day")}
)
TABLES: Final = (FORMULAS, DERIVED_1H, DERIVED_1D)


def heal(connection: duckdb.DuckDBPyConnection, formulas: Sequence[Formula], *, dirty: bool) -> dict[str, int]:
    """Make anew what is outdated; rows written per table, empty where nothing had to be done.

    Args:
        connection: a connection within gold's transaction; ``dirty_minutes`` are those that were healed.
        formulas: those in force, in their order.
        dirty: whether there are dirty minutes.
    """
    changed = _declare(connection, formulas)
    moved = _moved(connection, formulas)
    written = {FORMULAS.full_name: len(changed)} if changed else {}
    for resolution, (table, rollup, _) in _MADE.items():
        connection.execute(f"create or replace temp table made_{resolution} as select * from {table.full_name} limit 0")
        mine = [f for f in formulas if resolution in f.resolutions]
        touched = dirty and bool(mine) and _heal_dirty(connection, resolution, mine)
        every = f"select * from {rollup.full_name}"
        if rollup.name in history.KINDS:
            every += f" union all {history.cold(connection, rollup.name)}"
        if names := {name for at, name in changed if at == resolution}:
            _replace(connection, resolution, _named(mine, names), every, [f"metric in ({_listed(names)})"])
        if names := {f.name for f in mine if _asks(f)} if moved else set():
            of_moved = "device_id in (select device_id from moved_devices)"
            rows = f"select * from ({every}) where {of_moved}"
            _replace(
                connection, resolution, _named(mine, names), rows, [f"metric in ({_listed(names)}) and {of_moved}"]
            )
        if touched or names or any(at == resolution for at, _ in changed):
            written[table.full_name] = int(scalar(connection, f"select count(*) from made_{resolution}"))
    return written


def checks(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The contracts of the tables, on what ``heal`` has just written."""
    results = [
        contract.contract(
            connection, FORMULAS, among="select * from gold.formulas", written="select * from gold.formulas"
        )
    ]
    for resolution, (table, _, _) in _MADE.items():
        made = f"made_{resolution}"
        nearby = within(
            table.full_name, "bucket_at", spans_of(connection, made, "bucket_at"), only=devices_of(connection, made)
        )
        rows = f"select t.* from ({nearby}) t semi join {made} using (device_id, metric, bucket_at)"
        results.append(contract.contract(connection, table, among=rows, written=rows))
    return results


def version(connection: duckdb.DuckDBPyConnection) -> str:
    """Changes whenever other formulas are in force."""
    listed = scalar(
        connection, "select string_agg(fingerprint, ' ' order by resolution, metric, place) from gold.formulas"
    )
    return f"formulas {listed}"


def values(formulas: Sequence[Formula], resolution: Resolution, rows: str) -> str:
    """A query for what the formulas give, from a query for rows of the rollup: columns of the derived table."""
    branches = [_values_of(f, place, resolution, rows) for place, f in enumerate(formulas)]
    return (
        f"select * exclude (place) from ({' union all '.join(branches)})"
        " qualify row_number() over (partition by device_id, metric, bucket_at order by place) = 1"
    )


def _values_of(formula: Formula, place: int, resolution: Resolution, rows: str) -> str:
    hours = HOURS[resolution]
    columns = statistics_of(formula.node)
    picked = ", ".join(
        f"any_value({statistic(one, hours)}) filter (where metric = {literal(one.metric)}) as {column}"
        for one, column in columns.items()
    )
    unit = "null::varchar" if formula.unit is None else literal(formula.unit)
    return (
        f"select device_id, {literal(formula.name)} as metric, bucket_at,"
        f" {expression(formula.node, columns, hours)} as value, {unit} as unit, n,"
        f" {literal(formula.fingerprint)} as formula, {place} as place from ("
        f"select device_id, bucket_at, min(n_valid) as n, {picked} from ({rows})"
        f" where metric in ({_listed(formula.metrics)}) and n_valid > 0 and {_devices(formula)}"
        f" group by device_id, bucket_at having count(*) = {len(formula.metrics)})"
        " where value is not null and isfinite(value)"
    )


def _declare(connection: duckdb.DuckDBPyConnection, formulas: Sequence[Formula]) -> set[tuple[str, str]]:
    """Note which formulas are in force; resolution and name of those that were not, or otherwise."""
    wanted: list[tuple[object, ...]] = []
    for resolution in _MADE:
        places: dict[str, int] = {}
        for f in formulas:
            if resolution in f.resolutions:
                place = places[f.name] = places.get(f.name, 0) + 1
                wanted.append((resolution, f.name, place, f.fingerprint, f.text, f.unit, f.description))
    known = connection.execute("select * from gold.formulas").fetchall()
    if differing := set(wanted) ^ set(known):
        connection.execute("delete from gold.formulas")
        for row in wanted:
            connection.execute("insert into gold.formulas values (?, ?, ?, ?, ?, ?, ?)", row)
    return {(str(row[0]), str(row[1])) for row in differing}


def _moved(connection: duckdb.DuckDBPyConnection, formulas: Iterable[Formula]) -> bool:
    """Fill ``moved_devices``, whose kind or site is no longer what the tables are made with; whether there are any."""
    now = "select device_id, kind, site from silver.devices where valid_to_at is null"
    if not any(_asks(f) for f in formulas):
        now += " and false"
        if not scalar(connection, "select count(*) from ops.formula_devices"):
            return False
    connection.execute(
        "create or replace temp table moved_devices as"
        f" select distinct device_id from (({now} except from ops.formula_devices)"
        f" union all (from ops.formula_devices except {now}))"
    )
    if not scalar(connection, "select count(*) from moved_devices"):
        return False
    of_moved = "device_id in (select device_id from moved_devices)"
    connection.execute(f"delete from ops.formula_devices where {of_moved}")
    connection.execute(f"insert into ops.formula_devices select * from ({now}) where {of_moved}")
    return True


def _heal_dirty(connection: duckdb.DuckDBPyConnection, resolution: Resolution, formulas: Sequence[Formula]) -> bool:
    """Make the buckets anew in which an input has changed; whether there are any."""
    _, rollup, width = _MADE[resolution]
    metrics = _listed({metric for f in formulas for metric in f.metrics})
    connection.execute(
        "create or replace temp table dirty_inputs as"
        f" select distinct device_id, {width}_of(minute_at) as bucket_at from dirty_minutes"
        f" where metric in ({metrics})"
    )
    spans = spans_of(connection, "dirty_inputs", "bucket_at")
    if not spans:
        return False
    only = devices_of(connection, "dirty_inputs")
    nearby = within(rollup.full_name, "bucket_at", spans, only=f"{only} and metric in ({metrics})")
    rows = f"select t.* from ({nearby}) t semi join dirty_inputs using (device_id, bucket_at)"
    outdated = "(device_id, bucket_at) in (select (device_id, bucket_at) from dirty_inputs)"
    _replace(
        connection, resolution, formulas, rows, [f"{s.condition('bucket_at')} and {only} and {outdated}" for s in spans]
    )
    return True


def _replace(
    connection: duckdb.DuckDBPyConnection,
    resolution: Resolution,
    formulas: Sequence[Formula],
    rows: str,
    outdated: Sequence[str],
) -> None:
    """Put what the formulas give from these rows in the place of what is outdated."""
    table = _MADE[resolution][0]
    for condition in outdated:
        connection.execute(f"delete from {table.full_name} where {condition}")
    if not formulas:
        return
    connection.execute(f"create or replace temp table derived as {values(formulas, resolution, rows)}")
    insert(connection, table.full_name, "select * from derived order by bucket_at, device_id, metric")
    connection.execute(
        f"insert into made_{resolution} by name"
        f" from derived anti join made_{resolution} using (device_id, metric, bucket_at)"
    )


def _asks(formula: Formula) -> bool:
    """Whether it is for devices of some kinds or sites."""
    return bool(formula.kinds or formula.sites)


def _named(formulas: Iterable[Formula], names: set[str]) -> list[Formula]:
    return [f for f in formulas if f.name in names]


def _listed(names: Iterable[str]) -> str:
    return ", ".join(literal(name) for name in sorted(names))


def _devices(formula: Formula) -> str:
    """A SQL condition that a row's device is one that the formula is for."""
    parts = [_like("device_id", formula.devices)] if formula.devices else []
    if _asks(formula):
        place = [
            _like(column, patterns)
            for column, patterns in (("kind", formula.kinds), ("site", formula.sites))
            if patterns
        ]
        parts.append(f"device_id in (select device_id from ops.formula_devices where {' and '.join(place)})")
    return " and ".join(parts) or "true"


def _like(column: str, patterns: Iterable[str]) -> str:
    """That it is like one of these; a bracket stands for itself."""
    return "(" + " or ".join(f"{column} glob {literal(p.replace('[', '[[]'))}" for p in patterns) + ")"
