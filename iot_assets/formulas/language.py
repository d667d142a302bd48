"""The language of formulas: arithmetic over statistics of a device's metrics in one bucket.

Belongs here: what may be said, and where something may not be. Does not: what it means in SQL (``sql``) or in units
(``dimensions``). The syntax is that of Python's expressions, read by Python's own parser and never run: of what it
reads, only what is listed here is let through.
"""

from __future__ import annotations

import ast
import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final, TypeAlias

#: statistic → what it is, of the valid readings of one metric in the bucket.
STATISTICS: Final = MappingProxyType(
    {
        "mean": "mean",
        "min": "least",
        "max": "greatest",
        "sum": "sum",
        "n": "how many",
        "first": "first",
        "last": "last",
        "delta": "last − first",
        "increase": "of a counter: last − first, or last where it has fallen, as a counter does that starts again at 0",
        "hours": "hours that they cover: from first to last and one mean interval more, at most the bucket;"
        " of one reading nothing",
    }
)
#: function → (least, most arguments, what it is).
FUNCTIONS: Final[Mapping[str, tuple[int, int, str]]] = MappingProxyType(
    {
        "min": (2, 20, "least of several"),
        "max": (2, 20, "greatest of several"),
        "where": (3, 3, "where(condition, this, else that)"),
        "abs": (1, 1, "without its sign"),
        "sqrt": (1, 1, "square root; of negative numbers nothing"),
        "exp": (1, 1, "e to this power"),
        "ln": (1, 1, "natural logarithm; of 0 and negative numbers nothing"),
        "log10": (1, 1, "logarithm to base 10, likewise"),
        "pow": (2, 2, "the first to the power of the second"),
        "floor": (1, 1, "next whole number below"),
        "ceil": (1, 1, "next whole number above"),
        "round": (1, 1, "nearest whole number, halves away from 0"),
        "bare": (1, 1, "the number alone, its unit forgotten: for fitted formulas"),
    }
)
CONSTANTS: Final = MappingProxyType({"pi": 3.141592653589793})
#: Name → its value at each resolution.
BUCKET_HOURS: Final = "bucket_hours"
_BINARY: Final = MappingProxyType({ast.Add: "+", ast.Sub: "-", ast.Mult: "*", ast.Div: "/", ast.Pow: "pow"})
_COMPARED: Final = MappingProxyType(
    {ast.Lt: "<", ast.LtE: "<=", ast.Gt: ">", ast.GtE: ">=", ast.Eq: "=", ast.NotEq: "<>"}
)
COMPARISONS: Final = frozenset(_COMPARED.values())
LOGIC: Final = frozenset({"and", "or", "not"})
MOST_CHARACTERS: Final = 2000
#: Of a formula with all its parts put in; DuckDB bounds the depth of expressions too.
_MOST_NODES: Final = 3000
_MOST_DEPTH: Final = 60


class FormulaError(ValueError):
    """What is wrong with a formula, and where."""


@dataclass(frozen=True, slots=True)
class Number:
    """A constant."""

    value: float


@dataclass(frozen=True, slots=True)
class Bucket:
    """The bucket's width in hours."""


@dataclass(frozen=True, slots=True)
class Statistic:
    """A statistic of a metric."""

    name: str
    metric: str


@dataclass(frozen=True, slots=True)
class Call:
    """An operator or function on others; ``at`` is where it stands."""

    name: str
    arguments: tuple[Node, ...]
    at: int


Node: TypeAlias = Number | Bucket | Statistic | Call


def parse(text: str, parts: Mapping[str, Node] = MappingProxyType({})) -> Node:
    """What a formula says; ``parts`` are names that it may use.

    Raises:
        FormulaError: it says something that is not in the language.
    """
    if len(text) > MOST_CHARACTERS:
        raise FormulaError(f"is longer than {MOST_CHARACTERS} characters")
    indent = len(text) - len(text.lstrip())
    flat = " ".join(text.lstrip().split("\n"))
    try:
        tree = ast.parse(flat, mode="eval").body
    except SyntaxError as error:
        at = indent + max(error.offset or 1, 1)
        raise FormulaError(
            f"position {at}: cannot be read ({error.msg}); names that are no words stand in quotes"
        ) from error
    except (ValueError, MemoryError, RecursionError) as error:
        raise FormulaError(f"cannot be read ({error})") from error
    node = _Reader(flat, indent, parts).value(tree, 0)
    if sum(1 for _ in walk(node)) > _MOST_NODES:
        raise FormulaError("is too large once its parts are put in")
    return node


def walk(node: Node) -> Iterator[Node]:
    """The node and all below it."""
    yield node
    if isinstance(node, Call):
        for argument in node.arguments:
            yield from walk(argument)


def metrics_of(node: Node) -> tuple[str, ...]:
    """The metrics that a formula takes, in alphabetical order."""
    return tuple(sorted({part.metric for part in walk(node) if isinstance(part, Statistic)}))


def is_condition(node: Node) -> bool:
    """Whether it is true or false, and no number."""
    return isinstance(node, Call) and (node.name in COMPARISONS or node.name in LOGIC)


class _Reader:
    """From Python's tree to ours."""

    def __init__(self, text: str, indent: int, parts: Mapping[str, Node]) -> None:
        self._text, self._indent, self._parts = text, indent, parts

    def value(self, tree: ast.expr, depth: int) -> Node:
        """A part that is a number."""
        node = self._node(tree, depth)
        if is_condition(node):
            raise self._wrong(
                tree, "is a condition, where a number is needed; where(condition, this, else that) makes one"
            )
        return node

    def _condition(self, tree: ast.expr, depth: int) -> Node:
        node = self._node(tree, depth)
        if not is_condition(node):
            raise self._wrong(tree, "is a number, where a condition is needed, such as mean(x) > 5")
        return node

    def _node(self, tree: ast.expr, depth: int) -> Node:  # noqa: C901, PLR0911 - one case a kind of expression
        if depth > _MOST_DEPTH:
            raise self._wrong(tree, "is nested too deeply")
        below = depth + 1
        at = self._at(tree)
        match tree:
            case ast.Constant(value=bool() | complex() | str() | None):
                raise self._wrong(tree, "is no number; a metric's name stands in a statistic, such as mean(…)")
            case ast.Constant(value=int() | float() as number):
                return Number(self._finite(number, tree))
            case ast.Name(id=name):
                return self._named(name, tree)
            case ast.UnaryOp(op=ast.USub(), operand=operand):
                return Call("-", (self.value(operand, below),), at)
            case ast.UnaryOp(op=ast.UAdd(), operand=operand):
                return self.value(operand, below)
            case ast.UnaryOp(op=ast.Not(), operand=operand):
                return Call("not", (self._condition(operand, below),), at)
            case ast.BinOp(left=left, op=operator, right=right) if type(operator) in _BINARY:
                return Call(_BINARY[type(operator)], (self.value(left, below), self.value(right, below)), at)
            case ast.BoolOp(op=operator, values=values):
                name = "and" if isinstance(operator, ast.And) else "or"
                return Call(name, tuple(self._condition(v, below) for v in values), at)
            case ast.Compare(left=left, ops=[operator], comparators=[right]) if type(operator) in _COMPARED:
                return Call(_COMPARED[type(operator)], (self.value(left, below), self.value(right, below)), at)
            case ast.Compare(ops=[_, _, *_]):
                raise self._wrong(tree, "compares three things at once: write a < b and b < c")
            case ast.Call(func=ast.Name(id=name), args=arguments, keywords=[]):
                return self._call(name, arguments, tree, below)
        raise self._wrong(tree, "is not in the language; docs/derived.md lists what is")

    def _call(self, name: str, arguments: list[ast.expr], tree: ast.Call, depth: int) -> Node:
        if name in STATISTICS and (len(arguments) == 1 or name not in FUNCTIONS):
            return self._statistic(name, arguments, tree)
        if name not in FUNCTIONS:
            raise self._wrong(tree, f"{name} is no function or statistic{_near(name, (*FUNCTIONS, *STATISTICS))}")
        least, most, meaning = FUNCTIONS[name]
        if not least <= len(arguments) <= most:
            raise self._wrong(
                tree, f"{name} ({meaning}) takes {least}{'' if least == most else ' or more'}, not {len(arguments)}"
            )
        read = [self.value] * len(arguments)
        if name == "where":
            read[0] = self._condition
        return Call(name, tuple(one(a, depth) for one, a in zip(read, arguments, strict=True)), self._at(tree))

    def _statistic(self, name: str, arguments: list[ast.expr], tree: ast.Call) -> Node:
        match arguments:
            case [ast.Constant(value=str(metric))] if metric:
                return Statistic(name, metric)
            case [ast.Name(id=metric)] if self._source(arguments[0]) == metric:
                return Statistic(name, metric)
            case [_]:
                said = self._source(arguments[0])
                raise self._wrong(
                    tree, f'{name} takes the name of one metric; in quotes where it is no plain word: {name}("{said}")'
                )
        raise self._wrong(tree, f"{name} ({STATISTICS[name]}) takes the name of one metric, not {len(arguments)}")

    def _named(self, name: str, tree: ast.expr) -> Node:
        if name in self._parts:
            return self._parts[name]
        if name == BUCKET_HOURS:
            return Bucket()
        if name in CONSTANTS:
            return Number(CONSTANTS[name])
        near = _near(name, (*self._parts, BUCKET_HOURS, *CONSTANTS), say="")
        raise self._wrong(tree, f"stands alone: a metric needs its statistic, such as mean({name}){near}")

    def _finite(self, number: float, tree: ast.expr) -> float:
        try:
            value = float(number)
        except OverflowError:
            value = float("inf")
        if value == float("inf"):
            raise self._wrong(tree, "is too large")
        return value

    def _at(self, tree: ast.expr) -> int:
        """Characters before it, from 1; Python counts bytes."""
        return self._indent + len(self._text.encode()[: tree.col_offset].decode(errors="ignore")) + 1

    def _source(self, tree: ast.expr) -> str:
        return ast.get_source_segment(self._text, tree) or ""

    def _wrong(self, tree: ast.expr, what: str) -> FormulaError:
        said = self._source(tree)
        return FormulaError(f"position {self._at(tree)}: {said if len(said) <= 40 else said[:39] + '…'} {what}")


def _near(name: str, known: tuple[str, ...], say: str = "; there are {}") -> str:
    found = difflib.get_close_matches(name, known, n=1)
    return f"; did you mean {found[0]}?" if found else say.format(", ".join(dict.fromkeys(known)))
