"""The rules as tables, so that SQL can judge by them: ``rules_in_force`` and, by series, ``rule_series``.

Belongs here: that. Does not: settings (``sections/rules.py``), judging.
"""

from __future__ import annotations

import hashlib
from collections.abc import Sequence
from typing import Final

import duckdb
import pyarrow as pa

from iot_assets.model import EXCLUDING_FLAGS
from iot_assets.sections.rules import Rule
from iot_assets.warehouse.connection import stage
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.queries import filled

#: What keeps a reading out of its series, as a list of SQL literals.
EXCLUDING: Final = ", ".join(literal(flag) for flag in EXCLUDING_FLAGS)
_NUMBERS: Final = ("low", "high", "limit", "within_s", "over_s", "for_s", "tolerance", "intervals")
_SHAPE: Final = pa.schema(
    [(name, pa.string()) for name in ("rule", "kind", "action")]
    + [(name, pa.list_(pa.string())) for name in ("metrics", "devices", "units")]
    + [(name, pa.float64()) for name in _NUMBERS]
    + [("least", pa.int64()), ("sentinels", pa.list_(pa.float64()))]
)


def fingerprint(rules: Sequence[Rule]) -> str:
    """Differs where anything does that a verdict depends on."""
    return hashlib.sha256("\n".join(rule.model_dump_json() for rule in rules).encode()).hexdigest()


def stage_rules(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule], series: str) -> None:
    """Make both tables; ``series`` is a query for (device_id, metric)."""
    rows = [
        {
            **rule.model_dump(include=set(_SHAPE.names)),
            "rule": rule.name,
            "within_s": rule.reach_s,
            "over_s": rule.over_s or 0,
            "tolerance": rule.tolerance or 0,
            "least": rule.least or 5,
            "sentinels": rule.values,
        }
        for rule in rules
    ]
    stage(connection, "rules_in_force", pa.Table.from_pylist(rows, schema=_SHAPE))
    connection.execute(filled("rules/rule_series", series=series))
