"""What a formula says in SQL. No part of it can fail on any data: what has no value is null, and then there is no row.

Belongs here: SQL of expressions. Does not: where the statistics come from (``warehouse/derived.py``). Each function
guards itself, since DuckDB may compute a branch of a ``case`` that is not taken; and names each argument once, or
formulas within formulas would double with each level.
"""

from __future__ import annotations

from types import MappingProxyType
from typing import Final

from iot_assets.formulas.language import COMPARISONS, Bucket, Call, Node, Number, Statistic, walk

_SPAN: Final = "((epoch_us(last_at) - epoch_us(first_at)) / 3600000000::double * n_valid / nullif(n_valid - 1, 0))"
#: statistic → SQL over one row of a rollup; {hours} is the bucket's width.
_STATISTICS: Final = MappingProxyType(
    {
        "mean": "mean",
        "min": '"min"',
        "max": '"max"',
        "sum": '"sum"::double',
        "n": "n_valid::double",
        "first": '"first"',
        "last": '"last"',
        "delta": '"last" - "first"',
        "increase": 'case when "last" >= "first" then "last" - "first" else "last" end',
        "hours": f"case when n_valid > 1 then least({{hours}}::double, {_SPAN}) end",
    }
)
#: function → SQL.
_FUNCTIONS: Final = MappingProxyType(
    {
        "+": "({0} + {1})",
        "*": "({0} * {1})",
        "/": "({0} / nullif({1}, 0::double))",
        "abs": "abs({0})",
        "exp": "exp({0})",
        # DuckDB 1 fails where there is no result, DuckDB 2 gives NaN or -Infinity.
        "sqrt": "nullif(try(sqrt({0})), 'nan'::double)",
        "ln": "nullif(nullif(try(ln({0})), 'nan'::double), '-inf'::double)",
        "log10": "nullif(nullif(try(log10({0})), 'nan'::double), '-inf'::double)",
        "floor": "floor({0})",
        "ceil": "ceil({0})",
        "round": "round({0})",
        "pow": "nullif(pow({0}, {1}), 'nan'::double)",
        "bare": "{0}",
        "not": "(not {0})",
        "where": "(case {0} when true then {1} when false then {2} end)",
    }
)


def statistics_of(node: Node) -> dict[Statistic, str]:
    """A column's name for each statistic that the formula takes."""
    found = dict.fromkeys(part for part in walk(node) if isinstance(part, Statistic))
    return {statistic: f"s{number}" for number, statistic in enumerate(found)}


def statistic(one: Statistic, hours: int) -> str:
    """The statistic as SQL over a row of a rollup."""
    return _STATISTICS[one.name].replace("{hours}", str(hours))


def expression(node: Node, columns: dict[Statistic, str], hours: int) -> str:
    """The formula as SQL over these columns."""
    match node:
        case Number(value=value):
            return f"'{value!r}'::double"
        case Bucket():
            return f"{hours}::double"
        case Statistic():
            return columns[node]
    assert isinstance(node, Call)
    arguments = [expression(argument, columns, hours) for argument in node.arguments]
    return _call(node.name, arguments)


def _call(name: str, arguments: list[str]) -> str:
    match name, arguments:
        case "-", [one]:
            return f"(- {one})"
        case "-", [one, other]:
            return f"({one} - {other})"
        case (("min" | "max"), _):
            # greatest() and least() pass over nulls, where one unknown makes the whole unknown.
            order = "asc" if name == "min" else "desc"
            return f"list_sort([{', '.join(arguments)}], '{order}', 'nulls first')[1]"
        case (("and" | "or"), _):
            return f"({f' {name} '.join(arguments)})"
        case _ if name in COMPARISONS:
            return f"({arguments[0]} {name} {arguments[1]})"
    return _FUNCTIONS[name].format(*arguments)
