"""By which code the rows of each landed day were made.

Noted when a day's messages are first settled, and kept until the day is forgotten for a rebuild. Belongs here: the
table ``ops.made_by``. Does not: what a version is made of (``assets/versions.py``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import duckdb


@dataclass(frozen=True, slots=True)
class Behind:
    """What the oldest day that differs was made by, and how many such days there are."""

    version: str
    days: int


def note(connection: duckdb.DuckDBPyConnection, parts: Mapping[str, str]) -> None:
    """Note for the landed days that are new that these parts of the code make their rows."""
    for part, version in parts.items():
        connection.execute(
            "insert into ops.made_by select distinct landed_on, $part as part, $version as version from bronze.files"
            " where landed_on not in (select landed_on from ops.made_by where part = $part)",
            {"part": part, "version": version},
        )


def behind(connection: duckdb.DuckDBPyConnection, parts: Mapping[str, str]) -> dict[str, Behind]:
    """The parts of the code by other versions of which rows of some day were made."""
    found = connection.execute("select part, version, landed_on from ops.made_by order by part, landed_on").fetchall()
    differing: dict[str, list[str]] = {}
    for part, version, _ in found:
        if parts.get(part, version) != version:
            differing.setdefault(part, []).append(version)
    return {part: Behind(versions[0], len(versions)) for part, versions in differing.items()}
