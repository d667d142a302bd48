"""Keyset cursors: where the next page begins, as a word that people hand back unread.

A page is ordered by its question's key; the next one begins after the last row's key, however many rows have come in
between. Belongs here: the word, and the condition it stands for. Does not: how many rows a page has.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections.abc import Mapping
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.reads.question import instant, literal


def page(sql: str, key: tuple[str, ...], *, limit: int, after: str | None, newest_first: bool = False) -> str:
    """The rows of one page, and one more where there is a next page.

    Raises:
        RefusedError: the cursor is none that this address has given.
    """
    order = ", ".join(f'"{name}"{" desc" if newest_first else ""}' for name in key)
    beyond = f" where {_beyond(key, after, newest_first=newest_first)}" if after is not None else ""
    return f"select * from ({sql}){beyond} order by {order} limit {limit + 1}"


def cursor_of(row: dict[str, Any], kinds: Mapping[str, str], key: tuple[str, ...]) -> str:
    """The word for the place behind this row, in whatever format its values are; ``kinds`` are DuckDB's types."""
    told = [_told(row[name], kinds[name]) for name in key]
    return base64.urlsafe_b64encode(json.dumps(told, separators=(",", ":")).encode()).decode().rstrip("=")


def _told(value: Any, kind: str) -> list[Any]:
    match kind:
        case "TIMESTAMP WITH TIME ZONE":
            at = value if isinstance(value, datetime) else datetime.fromisoformat(value)
            return ["at", at.astimezone(UTC).isoformat()]
        case "DATE":
            return ["day", str(value)]
        case "UUID":
            return ["uuid", str(value)]
        case "TINYINT" | "SMALLINT" | "INTEGER" | "BIGINT":
            return ["number", value]
        case _:
            return ["text", str(value)]


def _beyond(key: tuple[str, ...], word: str, *, newest_first: bool) -> str:
    try:
        told = json.loads(base64.b64decode(word + "=" * (-len(word) % 4), altchars=b"-_", validate=True))
        values = [_literal(*one) for one in told]
    except (ValueError, TypeError, binascii.Error):
        values = []
    if len(values) != len(key):
        raise RefusedError(400, f"cursor={word!r} is none that was given here; begin without one")
    # Spelt out, since DuckDB prunes by a comparison of the first column and not by one of rows.
    sign = "<" if newest_first else ">"
    names = ", ".join(f'"{name}"' for name in key)
    return f'"{key[0]}" {sign}= {values[0]} and row({names}) {sign} row({", ".join(values)})'


def _literal(kind: str, value: Any) -> str:
    match kind:
        case "at":
            return instant(datetime.fromisoformat(value))
        case "day":
            return f"date '{date.fromisoformat(value)}'"
        case "number":
            return str(int(value))
        case "uuid":
            return f"'{UUID(value)}'::uuid"
        case "text":
            return literal(str(value))
    raise ValueError(kind)
