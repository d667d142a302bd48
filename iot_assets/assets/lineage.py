"""Column lineage: which columns of which assets each column comes from, and which ones come from it.

The facts are in ``column_lineage.json``, which ``docs/make.py`` reads out of the SQL that a sample run executes;
parsing it whenever a run starts would take longer than the run. Belongs here: handing them to
Dagster. Does not: finding them.
"""

import json
from collections.abc import Mapping
from functools import cache
from importlib import resources

import dagster as dg

from iot_assets.warehouse.tables import Table

Links = Mapping[str, Mapping[str, list[str]]]


@cache
def comes_from() -> Mapping[str, Links]:
    """Table → column → tables that it comes from → their columns."""
    text = resources.files("iot_assets.assets").joinpath("column_lineage.json").read_text(encoding="utf-8")
    found: Mapping[str, Links] = json.loads(text)
    return found


@cache
def goes_into() -> Mapping[str, Links]:
    """The same the other way round."""
    found: dict[str, dict[str, dict[str, list[str]]]] = {}
    for table, columns in comes_from().items():
        for column, sources in columns.items():
            for source, names in sources.items():
                for name in names:
                    found.setdefault(source, {}).setdefault(name, {}).setdefault(table, []).append(column)
    return found


def column_lineage(table: Table) -> dg.TableColumnLineage:
    """What Dagster keeps of a table's columns: what they come from."""
    return dg.TableColumnLineage(
        {
            column: [
                dg.TableColumnDep(asset_key=dg.AssetKey(source.split(".")), column_name=name)
                for source, names in sources.items()
                for name in names
            ]
            for column, sources in comes_from().get(table.full_name, {}).items()
        }
    )


def told(table: Table, column: str) -> str:
    """Both as Markdown for the column's description: Dagster's page itself draws no column lineage."""
    ways = {"from": comes_from(), "into": goes_into()}
    lines = [
        f"*{way}* " + ", ".join(_linked(other, names) for other, names in links.items())
        for way, known in ways.items()
        if (links := known.get(table.full_name, {}).get(column))
    ]
    return "".join(f"\n\n{line}" for line in lines)


def _linked(table: str, columns: list[str]) -> str:
    return f"[{table}](/assets/{table.replace('.', '/')}) {', '.join(f'`{name}`' for name in columns)}"
