"""What in the published copy asks for attention: devices, rules, scores, checks, rejects, age.

Belongs here: the questions. Does not: whether people are told of the answers (``alerts``).
"""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import duckdb

from iot_assets.serving.published import ask, published

if TYPE_CHECKING:
    from iot_assets.lake.paths import DataPaths

#: question → what it is asked with besides.
_PARAMETERS: Final = {
    "devices": ("named",),
    "rule_hits": ("since", "named"),
    "quality": ("named",),
    "checks": ("since", "named", "but"),
    "errors": ("since",),
    "newest": (),
}

Answers = dict[str, list[dict[str, Any]]]


def attention(
    paths: DataPaths, now: datetime, *, named: int, hits: timedelta, but: list[str], memory_limit: str = "64MB"
) -> Answers:
    """The answers to all questions of ``sql/attention``; those whose table is not published are missing.

    Args:
        paths: where the data are.
        now: the present.
        named: so many things of a group are named.
        hits: how far back rules are looked at.
        but: checks that are left out.
        memory_limit: DuckDB's memory bound.

    Raises:
        QuestionError: nothing is published yet.
    """
    since = {"rule_hits": now - hits, "checks": now - timedelta(hours=3), "errors": now - timedelta(hours=1)}
    found: Answers = {}
    with published(paths) as connection:
        connection.execute(f"set threads = 1; set memory_limit = '{memory_limit}'")
        for question, names in _PARAMETERS.items():
            values = {"named": named, "since": since.get(question), "but": but}
            try:
                found[question] = ask(connection, f"attention/{question}", {name: values[name] for name in names})
            except duckdb.CatalogException:
                continue  # a table of another version
    return found
