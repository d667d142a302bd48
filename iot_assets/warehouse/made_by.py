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
    connection.execute(
        "insert into ops.made_by"
        " select landed_on, part, version"
        " from (select distinct landed_on from bronze.files)"
        " cross join (select unnest($parts) as part, unnest($versions) as version)"
        " anti join ops.made_by using (landed_on, part)",
        _listed(parts),
    )


def behind(connection: duckdb.DuckDBPyConnection, parts: Mapping[str, str]) -> dict[str, Behind]:
    """The parts of the code by other versions of which rows of some day were made."""
    found = connection.execute(
        "select m.part, arg_min(m.version, m.landed_on), count(*)"
        " from ops.made_by m join (select unnest($parts) as part, unnest($versions) as version) p on p.part = m.part"
        " where m.version <> p.version group by m.part",
        _listed(parts),
    ).fetchall()
    return {part: Behind(version, days) for part, version, days in found}


def _listed(parts: Mapping[str, str]) -> dict[str, list[str]]:
    return {"parts": list(parts), "versions": list(parts.values())}
