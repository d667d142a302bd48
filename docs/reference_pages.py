# ruff: noqa: INP001 - a script beside its pages, not a package
"""The reference: a page for each schema and one for the views, each table with its columns, checks and one real row.

Belongs here: what is said of a table, and how. Does not: declarations (``warehouse/tables.py``), the row and where
columns come from (``sample_run.py``). An instant by the clock of the run is no example: it would change each time.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from typing import Any, Final

from conventions_page import table as markdown_table
from sample_run import MOMENT, RUN, sample

from iot_assets.assets.specs import OWNERS, STEP_CHECKS, key_of
from iot_assets.assets.versions import part_of
from iot_assets.checks.sweeps import SWEEPS
from iot_assets.warehouse import contract
from iot_assets.warehouse.publish import RECENT, SPANNED, WHOLE
from iot_assets.warehouse.tables import TABLES, Column, Table
from iot_assets.warehouse.views import VIEWS

_LONGEST: Final = 44
#: What differs from one machine or version of a library to the next.
_CHANGING: Final = frozenset(
    {"bronze.files.bytes", "ops.made_by.version", "ops.applied.run_id", "ops.rules.fingerprint"}
)
_WHAT: Final = {
    "bronze": "Bronze has what landed, as it came.",
    "silver": "Silver has what the messages say, each reading once; what became of each; what is known of devices.",
    "gold": "Gold has what people ask for.",
    "ops": "The platform's own books. They are no assets, and nobody need look at them.",
    "views": "Views for BI tools ([derived.md](../derived.md#the-star-for-bi-tools)): in the warehouse file, and in"
    " `data/serving.duckdb`, which has one more for each kind of device, `gold.fact_device_metrics_<kind>`.",
}

INDEX_HEAD: Final = """\
# Tables

<!-- Made from iot_assets/warehouse/tables.py and views.py by docs/make.py. -->

Every table and view; each has its columns, units, checks and an example on the page of its schema. What is in
`data/serving.duckdb`, where people query, is said in [data-model.md](data-model.md#the-published-copy). Instants are
UTC. The same words are in the files themselves, as comments on tables and columns: `select * from duckdb_columns()`.
"""


def index() -> str:
    """``docs/tables.md``: every table in a line, linked to its page."""
    parts = [INDEX_HEAD]
    for page, tables in _by_page().items():
        rows = [
            (f"[{t.full_name}](reference/{page}.md#{t.full_name.replace('.', '')})", t.description.split(": ")[0])
            for t in tables
        ]
        parts.append(f"\n## {page}\n\n{markdown_table('table|what it has', rows)}")
    return "".join(parts)


def pages() -> dict[str, str]:
    """File name → text of each page of ``docs/reference``."""
    return {f"{page}.md": _page(page, tables) for page, tables in _by_page().items()}


def _by_page() -> dict[str, list[Table]]:
    found: dict[str, list[Table]] = {}
    for table in TABLES.values():
        found.setdefault(table.schema, []).append(table)
    return {**found, "views": list(VIEWS)}


def _page(page: str, tables: Iterable[Table]) -> str:
    head = f"# {page.capitalize()}\n\n<!-- Made by docs/make.py. -->\n\n{_WHAT[page]}\n"
    if page in {"bronze", "silver", "gold"}:
        head += (
            f"\nIts tables are assets of {', '.join(OWNERS).removeprefix('team:')}, fresh while a run has made them"
            " within `freshness.warn_minutes` ([settings](../settings.md)). The check `contract` of each holds columns,"
            " types, keys and required values to this page (blocking), and what is said under *expected* (warning)."
        )
    head += (
        "\n\nExamples are a row of a small sample run (`docs/sample_run.py`); columns without one are empty there, or"
        " say when or where the run was made.\n"
    )
    return head + "".join(_table(table) for table in tables)


def _table(table: Table) -> str:
    key = f" One row per {', '.join(f'`{name}`' for name in table.key)}." if table.key else ""
    facts = [
        f"*{name}* {said}" for name, said in (("checks", _checks(table)), ("published", _published(table))) if said
    ]
    if (part := part_of(table)) is not None:
        facts.append(f"*made by* the part `{part}` of the code ([out of date](../dagster.md#out-of-date))")
    words = "".join(f"\n\n{line}" for line in ("; ".join(facts),) if line)
    columns = markdown_table(
        "column|type||meaning|expected|example|comes from", [_column(table, column) for column in table.columns]
    )
    return f"\n## {table.full_name}\n\n{table.description}{key}{words}\n\n{columns}"


def _column(table: Table, column: Column) -> tuple[str, ...]:
    unit = f" [{column.unit}]" if column.unit else ""
    example = _example(table, column)
    return (
        f"`{column.name}`",
        f"`{column.type}`",
        "" if column.required else "null",
        f"{column.description}{unit}",
        f"`{column.expect}`" if column.expect else "",
        f"`{example}`" if example else "",
        _sources(table, column),
    )


def _example(table: Table, column: Column) -> str:
    value = sample().rows[table.full_name].get(column.name)
    if value is None or f"{table.full_name}.{column.name}" in _CHANGING or value == RUN:
        return ""
    if isinstance(value, datetime) and value > MOMENT + timedelta(days=1):
        return ""
    text = _shown(value).replace("|", "\\|").replace("`", "'")
    return text if len(text) <= _LONGEST else text[: _LONGEST - 1] + "…"


def _shown(value: Any) -> str:
    match value:
        case bool():
            return str(value).lower()
        case datetime():
            return value.astimezone(UTC).isoformat(sep=" ").removesuffix("+00:00")
        case bytes():
            return value.decode(errors="backslashreplace")
        case Decimal() | float():
            return f"{float(value):.12g}"
        case list():
            return f"[{', '.join(map(_shown, value))}]"
        case _:
            return str(value)


def _sources(table: Table, column: Column) -> str:
    found: dict[str, list[str]] = {}
    for source, name in sorted(sample().comes_from.get(table.full_name, {}).get(column.name, ())):
        found.setdefault(source, []).append(name)
    return "; ".join(f"{source}: {', '.join(names)}" for source, names in found.items())


def _checks(table: Table) -> str:
    if table.schema == "ops" or table in VIEWS:
        return ""
    swept = [key.name for sweep in SWEEPS for key in sweep.check_keys if key.asset_key == key_of(table)]
    names = ["contract", *STEP_CHECKS.get(table.full_name, {}), *swept]
    assert contract.promise(table)
    return ", ".join(f"`{name}`" for name in names)


def _published(table: Table) -> str:
    if table in WHOLE or table in VIEWS:
        return "whole"
    if table in RECENT:
        return f"the last {RECENT[table].days} days"
    return "whole up to `serving.whole_rows`, then recent days and the lake's" if table in SPANNED.values() else ""
