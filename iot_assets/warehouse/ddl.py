"""DDL from the declarations, for new migrations and for the published copy."""

from __future__ import annotations

from collections.abc import Collection

from iot_assets.warehouse.tables import Table


def create_table(table: Table, *, name: str | None = None, unpacked: Collection[str] = ()) -> str:
    """``create table`` for this declaration; no keys or indexes, which DuckDB has been seen to corrupt.

    ``unpacked`` names columns that are stored as they are.
    """
    columns = ",\n".join(
        f"    {quote(c.name)} {c.type}{' using compression uncompressed' if c.name in unpacked else ''}"
        f"{' not null' if c.required else ''}"
        for c in table.columns
    )
    return f"create table {name or table.full_name} (\n{columns}\n);"


def comments(table: Table, *, what: str = "table") -> list[str]:
    """``comment on`` statements that carry the declaration's meanings into the file."""
    lines = [f"comment on {what} {table.full_name} is {literal(table.description)};"]
    for column in table.columns:
        unit = f" [{column.unit}]" if column.unit else ""
        lines.append(
            f"comment on column {table.full_name}.{quote(column.name)} is {literal(column.description + unit)};"
        )
    return lines


def quote(identifier: str) -> str:
    """An identifier as SQL writes it; quoted always, since names like ``first`` are keywords."""
    return '"' + identifier.replace('"', '""') + '"'


def literal(text: str) -> str:
    """A text as SQL writes it."""
    return "'" + text.replace("'", "''") + "'"
