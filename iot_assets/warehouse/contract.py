"""What each table's own declaration promises, judged inside the transaction that writes it.

A check is a query that returns the offending rows; empty is good, and the rows are the message. Columns that differ and
keys that repeat are faults of our own and roll the write back; an expectation that a row breaks only warns.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Final

import duckdb

from iot_assets.errors import ContractError
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.ddl import literal, quote
from iot_assets.warehouse.tables import Table

#: So many offending rows are kept with the result; the count is of all of them.
SAMPLE: Final = 20
#: Offending rows are counted up to here: beyond, the number says no more.
MOST: Final = 1000


@dataclass(frozen=True, slots=True)
class CheckResult:
    """What one check found.

    ``blocking`` says that its failure rolls the write back, ``critical`` that it is as bad though nothing is.
    """

    table: str
    name: str
    passed: bool
    blocking: bool
    description: str
    failing: int = 0
    sample: list[dict[str, Any]] = field(default_factory=list)
    facts: dict[str, Any] = field(default_factory=dict)
    critical: bool = False

    @property
    def severe(self) -> bool:
        """Whether its failure is an error, not a warning."""
        return self.blocking or self.critical


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


def contract(connection: duckdb.DuckDBPyConnection, table: Table, *, among: str, written: str) -> CheckResult:
    """Judge a table by its declaration, as one check: each more would cost Dagster's storage two events a run.

    Args:
        connection: the one that writes, within its transaction.
        table: the table.
        among: a query for the rows among which the key of what was written must be unique.
        written: a query for the rows that were written; its columns are the table's.
    """
    faults = _columns(connection, table) or _key(connection, table, among)
    findings = [] if faults else _values(connection, table, written)
    return CheckResult(
        table.full_name,
        "contract",
        passed=not faults and not findings,
        blocking=bool(faults),
        description=promise(table),
        failing=len(faults) or len(findings),
        sample=(faults or findings)[:SAMPLE],
    )


def promise(table: Table) -> str:
    """What the check ``contract`` of this table says, in a sentence."""
    parts = ["columns are as declared (names, types, order, required)"]
    if table.key:
        parts.append(f"unique by {', '.join(table.key)}" + (f", unless {table.keyless}" if table.keyless else ""))
    parts += [c.expect for c in table.columns if c.expect]
    return "; ".join(parts) + "."


def _columns(connection: duckdb.DuckDBPyConnection, table: Table) -> list[dict[str, Any]]:
    """Differences between the real columns and the declared ones: names, types, order and NOT NULL."""
    described = connection.execute(f"describe {table.full_name}").fetchall()
    real = [(name, kind, nullable == "NO") for name, kind, nullable, *_ in described]
    declared = [(c.name, _real_type(c.type), c.required) for c in table.columns]
    if real == declared:
        return []
    rule = {"rule": "columns"}
    found: list[dict[str, Any]] = [{**rule, "declared": str(c)} for c in declared if c not in real]
    found += [{**rule, "real": str(c)} for c in real if c not in declared]
    return found or [{**rule, "declared": str([c[0] for c in declared]), "real": str([c[0] for c in real])}]


def _key(connection: duckdb.DuckDBPyConnection, table: Table, among: str) -> list[dict[str, Any]]:
    """Keys that more than one row has."""
    if not table.key:
        return []
    names = ", ".join(quote(c) for c in table.key)
    bound = f"where {table.keyless} is not true" if table.keyless else ""
    # First by a number a row, which is found in half the time: mostly there is nothing to show.
    if not scalar(connection, f"select count(*) - count(distinct hash({names})) from ({among}) {bound}"):
        return []
    return rows(
        connection,
        f"select 'key' as rule, {names}, count(*) as rows_with_this_key from ({among}) {bound}"
        f" group by {names} having count(*) > 1 limit {MOST}",
    )


def _values(connection: duckdb.DuckDBPyConnection, table: Table, written: str) -> list[dict[str, Any]]:
    """Written rows that break an expectation."""
    expectations = [c.expect for c in table.columns if c.expect]
    if not expectations:
        return []
    broken = "case " + " ".join(f"when not ({e}) then {literal(e)}" for e in expectations) + " end"
    # First without the columns that nothing is expected of: mostly there is nothing to show.
    if not scalar(connection, f"select count({broken}) from ({written})"):
        return []
    return rows(
        connection, f"select * from (select {broken} as rule, * from ({written})) where rule is not null limit {MOST}"
    )


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
