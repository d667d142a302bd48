"""What is said of devices and their metrics, by registry files and by devices themselves, and what of it holds.

What a file declares wins over what a device announces, field by field. Everything said is kept in ``ops.device_facts``
and ``ops.metric_facts``, so that ``silver.devices`` and ``silver.metrics`` are a function of it, whatever the order of
processing. Belongs here: bringing both up to date with the open batch. Does not: the history that registry files make
(``registry``), readings that were judged too early (``reflag``).
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

import duckdb
import pyarrow as pa

from iot_assets.warehouse.connection import stage
from iot_assets.warehouse.ddl import quote
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.registry import Snapshot, history
from iot_assets.warehouse.tables import DEVICE_FACTS, METRIC_FACTS, Table

#: What is said of → (table of what was said, what says which row it is about).
_KINDS: Final = MappingProxyType(
    {"devices": (DEVICE_FACTS, "device_id"), "metrics": (METRIC_FACTS, "device_id, metric")}
)
_NO_FACTS: Final = frozenset({"device_id", "metric", "origin", "received_at", "until_at", "message_id"})
#: Facts that only make sense together: whoever declares one of them declares both.
_PAIRS: Final = MappingProxyType({"lat": "lon", "lon": "lat", "min": "max", "max": "min"})


def learn(
    connection: duckdb.DuckDBPyConnection,
    announced_devices: pa.Table,
    announced_metrics: pa.Table,
    snapshots: list[Snapshot] | None,
) -> bool:
    """Bring the tables up to what the open batch says of devices; False where it says nothing.

    Args:
        connection: the one on which the batch was opened, within its transaction.
        announced_devices: what devices say of themselves, tied to messages by ``row``.
        announced_metrics: what they say of their metrics.
        snapshots: the registry's whole history when the batch brings one, else None.
    """
    announced = {"devices": announced_devices, "metrics": announced_metrics}
    if snapshots is None and not any(table.num_rows for table in announced.values()):
        return False
    connection.execute("create or replace temp table concerned as select device_id from silver.devices limit 0")
    declared = dict(zip(_KINDS, history(snapshots), strict=True)) if snapshots is not None else {}
    for kind, (table, _) in _KINDS.items():
        stage(connection, f"announced_{kind}", announced[kind])
        connection.execute(filled("silver/announced", announced=f"announced_{kind}", **_names(kind, table)))
        if kind in declared:
            stage(connection, f"declared_{kind}", declared[kind])
            connection.execute(filled("silver/declared", declared=f"declared_{kind}", facts=table.name))
    for kind, (table, _) in _KINDS.items():
        connection.execute(filled("silver/held_facts", held=f"held_{kind}", **_names(kind, table)))
    connection.execute(filled("silver/registry"))
    return True


def _names(kind: str, table: Table) -> dict[str, str]:
    """The lists of columns that the SQL is filled with."""
    names = [quote(c.name) for c in table.columns if c.name not in _NO_FACTS]
    key = _KINDS[kind][1].split(", ")
    return {
        "facts": table.name,
        "key": ", ".join(key),
        "same_declared": " and ".join(f"d.{k} = spells.{k}" for k in key),
        "same_announced": " and ".join(f"a.{k} = spells.{k}" for k in key),
        "names": ", ".join(names),
        "folded": ", ".join(f"max({n}) as {n}" for n in names),
        "agreed": ", ".join(f"any_value({n}) as {n}" for n in names),
        "last_words": ", ".join(f"last_value({n} ignore nulls) over arrival as {n}" for n in names),
        "words": ", ".join(f"{_word(c.name)} as {quote(c.name)}" for c in table.columns if c.name not in _NO_FACTS),
    }


def _word(name: str) -> str:
    """What holds of one fact, of ``d``, declared, and ``a``, announced."""
    if name == "attributes":
        return "coalesce(try(json_merge_patch(a.attributes, d.attributes))::varchar, d.attributes, a.attributes)"
    if name in _PAIRS:
        return f"if(d.{quote(name)} is null and d.{quote(_PAIRS[name])} is null, a.{quote(name)}, d.{quote(name)})"
    return f"coalesce(d.{quote(name)}, a.{quote(name)})"
