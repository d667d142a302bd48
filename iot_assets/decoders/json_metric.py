"""The metric that a topic says: the option ``metric``, filled in with levels of the topic.

Belongs here: from the option to a column. Does not: what is measured (``json_fields``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa

from iot_assets.decoders.quoting import literal

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.json_options import JsonRecordOptions


def says_metric(options: JsonRecordOptions) -> bool:
    """Whether the topic has a part in the name of the metric."""
    return "{" in options.metric


def metric_of_topic(con: duckdb.DuckDBPyConnection, source: str, options: JsonRecordOptions) -> str:
    """SQL: the rows of ``source`` with ``metric``, the declared name of the metric."""
    if not says_metric(options):
        return f"select *, {literal(options.metric)} as metric from ({source})"
    captures = [row[0] for row in con.execute("select distinct captures from intake").fetchall()]
    names = [_filled(options.metric, json.loads(text)) for text in captures]
    con.register("named_by_topic", pa.table({"captures": pa.array(captures, pa.string()), "metric": names}))
    return f"select * from ({source}) join named_by_topic using (captures)"


def _filled(template: str, captures: dict[str, str]) -> str:
    for name, level in captures.items():
        template = template.replace(f"{{{name}}}", level.replace("/", "."))
    return template
