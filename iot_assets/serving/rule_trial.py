"""Trying rules on the past: what they would find, with nothing written anywhere.

Readings of the published copy (and the lake behind it) are copied into a warehouse in memory, and the ordinary healing
of gold judges them there: what is tried is what will be done. Belongs here: that warehouse, and summing up. Does not:
judging, printing.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from importlib import resources
from typing import Any, Final

import duckdb

from iot_assets.lake.paths import DataPaths
from iot_assets.sections.rules import Rule
from iot_assets.serving.published import QuestionError
from iot_assets.warehouse import gold, migrate
from iot_assets.warehouse.connection import prepare, rows
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.rules.stage import EXCLUDING, stage_rules
from iot_assets.warehouse.spans import instant

#: The day before teaches gaps the rhythm; a flat line reaches twice its time back.
_LEAD_IN: Final = timedelta(days=2)


@dataclass(frozen=True, slots=True)
class Past:
    """Which readings rules are tried on; patterns may hold ``*`` and ``?``."""

    first_at: datetime
    last_at: datetime
    device: str = "*"
    metric: str = "*"


def try_rules(paths: DataPaths, rules: Sequence[Rule], past: Past, *, examples: int = 3) -> list[dict[str, Any]]:
    """Of each rule: readings judged, hits, devices, how far a day's mean would move without them, the worst examples.

    Raises:
        QuestionError: nothing is published yet.
    """
    # Each is judged for itself, and whatever it does, what the means would be without its hits is told.
    judging = [r.model_copy(update={"action": "warn" if r.kind == "gap" else "exclude"}) for r in rules]
    with _in_memory(paths, past, judging) as connection:
        gold.heal(connection, run_id="trial", judged_by=judging)
        stage_rules(connection, judging, "select distinct device_id, metric from silver.readings")
        found = _ask(connection, "rule_trial", past)
        worst = _ask(connection, "rule_trial_worst", past, most=str(examples))
    actions = {rule.name: rule.action for rule in rules}
    return [
        {**row, "action": actions[row["rule"]], "worst": [w for w in worst if w["rule"] == row["rule"]]}
        for row in found
    ]


@contextmanager
def _in_memory(paths: DataPaths, past: Past, rules: Sequence[Rule]) -> Iterator[duckdb.DuckDBPyConnection]:
    if not paths.serving.exists():
        raise QuestionError(f"{paths.serving} does not exist yet: it appears with the first publication")
    before = max([_LEAD_IN, *(timedelta(seconds=2 * rule.for_s) for rule in rules if rule.for_s is not None)])
    connection = duckdb.connect(":memory:")
    try:
        prepare(connection)
        connection.execute("set variable lake = ''")  # this warehouse has none
        migrate.apply(connection)
        home = connection.execute("select current_database()").fetchall()[0][0]
        connection.execute(f"attach {literal(str(paths.serving))} as published (read_only)")
        connection.execute("use published")  # its views name no catalog
        connection.execute(
            f"insert into {home}.silver.readings by name select * from silver.readings"
            f" where event_at between {instant(past.first_at - before)} and {instant(past.last_at)}"
            f" and device_id glob {literal(past.device)} and metric glob {literal(past.metric)}"
        )
        connection.execute(f"insert into {home}.silver.devices by name select * from silver.devices")
        connection.execute(f"use {home}")
        connection.execute(
            "insert into ops.dirty by name select device_id, metric, date_trunc('minute', event_at) as minute_at,"
            " min(received_at) as since_at, max(received_at) as until_at, true as removed"
            " from silver.readings group by device_id, metric, minute_at"
        )
        yield connection
    finally:
        connection.close()


def _ask(connection: duckdb.DuckDBPyConnection, name: str, past: Past, **names: str) -> list[dict[str, Any]]:
    sql = resources.files("iot_assets.serving").joinpath("sql", f"{name}.sql").read_text(encoding="utf-8")
    span = f"between {instant(past.first_at)} and {instant(past.last_at)}"
    for key, value in {"span": span, "excluding": EXCLUDING, **names}.items():
        sql = sql.replace("{" + key + "}", value)
    return rows(connection, sql)
