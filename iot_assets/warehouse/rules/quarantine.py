"""Quarantine: readings that a rule keeps out of silver.readings; their messages go to silver.rejects, to be replayed.

Belongs here: taking them out of the open batch, between decoding and settling. Does not: other actions (``rules``). A
rule can do that only if it needs no neighbours: what has not arrived yet cannot be asked.
"""

from __future__ import annotations

from collections.abc import Sequence

import duckdb

from iot_assets.sections.rules import Rule
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.rules.stage import EXCLUDING, stage_rules


def set_apart(connection: duckdb.DuckDBPyConnection, rules: Sequence[Rule]) -> None:
    """Take from ``arriving`` and what was decoded the readings that break a rule of action quarantine."""
    if not (keeping := [rule for rule in rules if rule.action == "quarantine"]):
        return
    stage_rules(connection, keeping, "select distinct device_id, metric from arriving")
    connection.execute(filled("silver/quarantined", excluding=EXCLUDING))
