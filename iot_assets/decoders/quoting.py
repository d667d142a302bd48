"""Values of ours written into SQL text: literals, lists, JSON pointers.

Belongs here: quoting. Does not: anything that a device sent, which only ever travels in columns.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping


def literal(value: str) -> str:
    """A SQL string; a null character would end the query's text, so it is put in by number."""
    return "'" + value.replace("'", "''").replace("\0", "' || chr(0) || '") + "'"


def literals(values: Iterable[str]) -> str:
    """The inside of ``in (…)`` or ``[…]``."""
    return ", ".join(literal(value) for value in values)


def pointer(path: str) -> str:
    """The JSON pointer of a field: ``a.b`` goes one level down, ``/a.b`` is a pointer already, ``.`` is the whole."""
    if path == ".":
        return ""
    if path.startswith("/"):
        return path
    return "".join("/" + step.replace("~", "~0").replace("/", "~1") for step in path.split("."))


def by_metric(column: str, values: Mapping[str, str], otherwise: str) -> str:
    """A ``case`` over metric names; the values are SQL already."""
    if not values:
        return otherwise
    arms = " ".join(f"when {literal(metric)} then {sql}" for metric, sql in values.items())
    return f"case {column} {arms} else {otherwise} end"


def dotted(path: str) -> str:
    """The metric name that a field would have."""
    return path[1:].replace("/", ".").replace("~1", "/").replace("~0", "~") if path.startswith("/") else path
