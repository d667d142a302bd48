"""What each table's own declaration promises, judged inside the transaction that writes it.

A check is a query that returns the offending rows; empty is good, and the rows are the message. ``columns`` and ``key``
are faults of our own and roll the write back; ``values`` is a finding about data and only warns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

from iot_assets.errors import ContractError
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.ddl import quote
from iot_assets.warehouse.tables import Table

#: So many offending rows are kept with the result; the count is of all of them.
SAMPLE: Final = 20


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found. ``blocking`` says that a failure rolls the write back."""

    table: str
    name: str
    passed: bool
    blocking: bool
    description: str
    failing: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)


def checked(
    connection: duckdb.DuckDBPyConnection,
    table: Table,
    name: str,
    offending: str,
    *,
    blocking: bool,
    description: str,
) -> CheckResult:
    """Run a query for offending rows and make its result a ``CheckResult``."""
    sample = rows(connection, f"select * from ({offending}) limit {SAMPLE}")
    failing = len(sample) if len(sample) < SAMPLE else int(scalar(connection, f"select count(*) from ({offending})"))
    return CheckResult(table.full_name, name, not failing, blocking, description, failing, sample)


def columns(connection: duckdb.DuckDBPyConnection, table: Table) -> CheckResult:
    """The real columns are the declared ones: names, types, order and NOT NULL."""
    real = [
        (name, kind, nullable == "NO")
        for name, kind, nullable in connection.execute(
            "select column_name, data_type, is_nullable from information_schema.columns"
            " where table_catalog = current_database() and table_schema = ? and table_name = ?"
            " order by ordinal_position",
            [table.schema, table.name],
        ).fetchall()
    ]
    declared = [(c.name, _real_type(c.type), c.required) for c in table.columns]
    missing = [c for c in declared if c not in real]
    extra = [c for c in real if c not in declared]
    found: list[dict[str, Any]] = [{"column": c[0], "declared": f"{c[1]}, required: {c[2]}"} for c in missing]
    found += [{"column": c[0], "real": f"{c[1]}, required: {c[2]}"} for c in extra]
    if not found and real != declared:
        found = [{"declared order": [c[0] for c in declared], "real order": [c[0] for c in real]}]
    description = "Declared columns equal real columns: names, types, order, required."
    return CheckResult(table.full_name, "columns", not found, True, description, len(found), found)


def key(connection: duckdb.DuckDBPyConnection, table: Table, among: str) -> CheckResult:
    """No two rows of the query ``among`` share the table's key."""
    names = ", ".join(quote(c) for c in table.key)
    offending = f"select {names}, count(*) as rows_with_this_key from ({among}) group by {names} having count(*) > 1"
    description = f"Unique: {', '.join(table.key)}."
    return checked(connection, table, "key", offending, blocking=True, description=description)


def values(connection: duckdb.DuckDBPyConnection, table: Table, written: str) -> CheckResult:
    """The rows of the query ``written`` meet every declared expectation."""
    expectations = [c.expect for c in table.columns if c.expect]
    broken = "\n    union all\n    ".join(
        f"select '{e.replace(chr(39), chr(39) * 2)}' as broken_expectation, * from written where not ({e})"
        for e in expectations
    )
    offending = f"with written as ({written})\n    {broken}"
    description = "Every row written meets: " + "; ".join(expectations) + "."
    return checked(connection, table, "values", offending, blocking=False, description=description)


def has_expectations(table: Table) -> bool:
    """Whether the table declares any expectation, and so has a ``values`` check."""
    return any(c.expect for c in table.columns)


def judge(results: list[CheckResult]) -> None:
    """Raise for the first blocking failure, so that the transaction around it is rolled back.

    Raises:
        ContractError: a blocking check failed.
    """
    for result in results:
        if result.blocking and not result.passed:
            raise ContractError(result.name, result.table, result.sample)


def _real_type(declared: str) -> str:
    return {"TIMESTAMPTZ": "TIMESTAMP WITH TIME ZONE"}.get(declared, declared)
