# ruff: noqa: INP001 - a script beside its pages, not a package
"""Which columns of which tables each column comes from, found by following SQL statements in the order they ran.

Belongs here: what a statement says of columns, by sqlglot's syntax trees. Does not: which statements ran
(``sample_run.py``). A column comes from what its expression reads; what rows are joined or filtered by does not count.
Fields of structs are followed one by one: ``max({'at': a, 'value': v}).value`` comes from ``v`` alone.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import sqlglot
from sqlglot import exp

#: (``schema.table``, column)
Source: TypeAlias = tuple[str, str]
Sources: TypeAlias = frozenset[Source]
NOTHING: Final[Sources] = frozenset()


@dataclass(frozen=True, slots=True)
class Origin:
    """Where a column comes from; ``fields`` tells it apart by field where the column is a struct."""

    sources: Sources = NOTHING
    fields: Mapping[str, Origin] | None = None

    def __or__(self, other: Origin) -> Origin:
        """What comes from both."""
        if self.fields is not None and other.fields is not None:
            names = [*self.fields, *other.fields]
            return _struct({n: self.fields.get(n, Origin()) | other.fields.get(n, Origin()) for n in names})
        return Origin(self.sources | other.sources, self.fields or other.fields)


Columns: TypeAlias = dict[str, Origin]


@dataclass(frozen=True, slots=True)
class Scope:
    """What names mean within one query: tables in reach, the sources of its ``from``, aliases, and outer queries."""

    tables: Mapping[str, Columns]
    sources: dict[str, Columns] = field(default_factory=dict)
    aliases: Columns = field(default_factory=dict)
    outer: Scope | None = None

    def column(self, name: str, table: str = "") -> Origin | None:
        """What a column means, or None where no name in reach is such a column."""
        if table:
            if table in self.sources:
                return self.sources[table].get(name)
            if (struct := self.column(table)) is not None:
                return (struct.fields or {}).get(name, struct)
        else:
            for columns in (*self.sources.values(), self.aliases):
                if name in columns:
                    return columns[name]
        return self.outer.column(name, table) if self.outer else None


class Follower:
    """Follows statements; ``comes_from`` is what is known of each declared table's columns so far."""

    def __init__(self, declared: Mapping[str, Iterable[str]]) -> None:
        self._declared = {name: list(columns) for name, columns in declared.items()}
        self._tables: dict[str, Columns] = {
            name: {column: Origin(frozenset({(name, column)})) for column in columns}
            for name, columns in self._declared.items()
        }
        self.comes_from: dict[str, dict[str, Sources]] = {
            name: dict.fromkeys(columns, NOTHING) for name, columns in self._declared.items()
        }

    def stage(self, name: str, columns: Mapping[str, Sources]) -> None:
        """A table that was made without SQL, of which somebody else knows where its columns come from."""
        self._tables[name] = {column: Origin(sources) for column, sources in columns.items()}

    def follow(self, sql: str) -> None:
        """Learn from statements that make or fill tables; the others say nothing of columns."""
        for statement in sqlglot.parse(_without_marks(sql), dialect="duckdb"):
            match statement:
                case exp.Command():
                    raise ValueError(f"sqlglot cannot read this: {sql}")
                case exp.Create(expression=exp.Query() as query):
                    self._create(_name(statement.this), self.columns(query))
                case exp.Insert(expression=exp.Query() as query):
                    self._insert(statement, self.columns(query))
                case exp.Update():
                    self._update(statement)

    def columns(self, query: exp.Expr, outer: Scope | None = None) -> Columns:
        """What the columns of a query come from, in their order."""
        return _query(query, outer.tables if outer else self._tables, outer)

    def _create(self, name: str, columns: Columns) -> None:
        if name in self._declared:
            self._add(name, columns)
        else:
            self._tables[name] = columns

    def _insert(self, statement: exp.Insert, columns: Columns) -> None:
        target = statement.this
        listed = [i.name.lower() for i in target.expressions] if isinstance(target, exp.Schema) else []
        name = _name(target)
        if not statement.args.get("by_name") and name in self._tables:
            names = listed or list(self._tables[name])
            columns = dict(zip(names, columns.values(), strict=False))
        self._add(name, columns)

    def _update(self, statement: exp.Update) -> None:
        name = _name(statement.this)
        scope = Scope(self._tables, {_alias(statement.this): self._tables.get(name, {})})
        if source := statement.args.get("from_"):
            _add_source(scope, source.this)
        changed = {e.this.name.lower(): _origin(e.expression, scope) for e in statement.expressions}
        self._add(name, changed)

    def _add(self, name: str, columns: Columns) -> None:
        if name in self._declared:
            known = self.comes_from[name]
            for column, origin in columns.items():
                known[column] = known.get(column, NOTHING) | origin.sources
        else:
            table = self._tables.setdefault(name, {})
            for column, origin in columns.items():
                table[column] = table.get(column, Origin()) | origin


def _query(query: exp.Expr, tables: Mapping[str, Columns], outer: Scope | None) -> Columns:
    if with_ := query.args.get("with_"):
        tables = dict(tables)
        for cte in with_.expressions:
            made = _query(cte.this, tables, outer)
            tables[cte.alias.lower()] = _renamed(made, cte.args["alias"])
    match query:
        case exp.Subquery():
            made = _renamed(_query(query.this, tables, outer), query.args.get("alias"))
        case exp.SetOperation():
            made = _together(query, tables, outer)
        case exp.Select():
            made = _select(query, tables, outer)
        case exp.Values():
            rows = [row.expressions if isinstance(row, exp.Tuple) else [row] for row in query.expressions]
            made = _renamed({f"col{n}": Origin() for n in range(len(rows[0]))}, query.args.get("alias"))
        case exp.Pivot(args={"unpivot": True}):
            made = _unpivoted(query, Scope(tables, outer=outer))
        case exp.Table():
            made = next(iter(_sources(query, Scope(tables, outer=outer))))[1]
        case _:
            raise ValueError(f"no query that can be followed: {query.sql('duckdb')[:200]}")
    return made


def _together(query: exp.SetOperation, tables: Mapping[str, Columns], outer: Scope | None) -> Columns:
    left, right = _query(query.left, tables, outer), _query(query.right, tables, outer)
    if isinstance(query, exp.Except):
        return left
    if not query.args.get("by_name"):
        right = dict(zip(left, right.values(), strict=False))
    return {name: left.get(name, Origin()) | right.get(name, Origin()) for name in {**left, **right}}


def _select(query: exp.Select, tables: Mapping[str, Columns], outer: Scope | None) -> Columns:
    scope = Scope(tables, outer=outer)
    if from_ := query.args.get("from_"):
        _add_source(scope, from_.this)
    for join in query.args.get("joins") or ():
        _add_join(scope, join)
    for lateral in query.args.get("laterals") or ():
        _add_source(scope, lateral)
    made: Columns = {}
    for place, projection in enumerate(query.expressions):
        for name, origin in _projected(projection, scope, place):
            made[name] = scope.aliases[name] = origin
    return made


def _add_source(scope: Scope, source: exp.Expr) -> None:
    for alias, columns in _sources(source, scope):
        scope.sources[alias] = columns
    for join in source.args.get("joins") or ():
        _add_join(scope, join)


def _add_join(scope: Scope, join: exp.Join) -> None:
    if join.args.get("kind") not in {"SEMI", "ANTI"}:
        _add_source(scope, join.this)


def _sources(source: exp.Expr, scope: Scope) -> Iterator[tuple[str, Columns]]:
    alias = source.args.get("alias")
    if isinstance(source, exp.Table) and isinstance(source.this, exp.Identifier):
        name = _name(source)
        if name not in scope.tables:
            raise ValueError(f"no table {name} is known")
        yield _alias(source), _renamed(scope.tables[name], alias)
    elif isinstance(source, exp.Table | exp.Unnest | exp.Lateral):  # a function that gives rows
        given = _origin(source.this, scope) if source.this else Origin()
        for argument in source.expressions:
            given |= _origin(argument, scope)
        names = [c.name.lower() for c in alias.columns] if alias else []
        yield source.alias.lower() or "function", dict.fromkeys(names or ["unnest"], given)
    else:
        yield source.alias.lower() or f"query {len(scope.sources)}", _query(source, scope.tables, scope)


def _unpivoted(pivot: exp.Pivot, scope: Scope) -> Columns:
    """Columns that become rows: their names in one column, which comes from nothing, their values in another."""
    _add_source(scope, pivot.this)
    turned = [column.name.lower() for column in pivot.expressions]
    into = pivot.args["into"]
    columns = next(iter(scope.sources.values()))
    kept = {name: origin for name, origin in columns.items() if name not in turned}
    value = _joined(columns[name] for name in turned)
    return kept | {into.this.name.lower(): Origin(), into.expressions[0].name.lower(): Origin(value.sources)}


def _renamed(columns: Columns, alias: exp.Expr | None) -> Columns:
    names = [c.name.lower() for c in alias.columns] if isinstance(alias, exp.TableAlias) else []
    return dict(zip([*names, *list(columns)[len(names) :]], columns.values(), strict=True))


def _projected(projection: exp.Expr, scope: Scope, place: int) -> Iterator[tuple[str, Origin]]:
    star = projection.this if isinstance(projection, exp.Column) else projection
    several = projection.find(exp.Columns)
    inner = projection.this if isinstance(projection, exp.Alias) else projection
    if isinstance(star, exp.Star):
        yield from _starred(star, projection.table.lower() if isinstance(projection, exp.Column) else "", scope)
    elif several is not None:  # columns(…) within an expression: one such expression for each of them
        besides = _origin(inner, scope)
        for name, origin in _listed(several.this, scope):
            yield name, Origin(besides.sources | origin.sources)
    else:
        yield projection.alias_or_name.lower() or f"column {place}", _origin(inner, scope)


def _starred(star: exp.Star, table: str, scope: Scope) -> Iterator[tuple[str, Origin]]:
    left_out = {e.name.lower() for e in star.args.get("except_") or ()}
    replaced = {e.alias.lower(): _origin(e.this, scope) for e in star.args.get("replace") or ()}
    seen: set[str] = set()
    for alias, columns in scope.sources.items():
        for name, origin in columns.items() if table in {"", alias} else ():
            if name not in left_out and name not in seen:
                seen.add(name)
                yield name, replaced.get(name, origin)


def _listed(columns: exp.Expr, scope: Scope) -> Iterator[tuple[str, Origin]]:
    match columns:
        case exp.Star():
            yield from _starred(columns, "", scope)
        case exp.Array():
            for name in columns.expressions:
                yield name.name.lower(), scope.column(name.name.lower()) or Origin()
        case _:
            raise ValueError(f"columns are chosen in a way that cannot be followed: {columns.sql('duckdb')}")


def _origin(expression: exp.Expr, scope: Scope) -> Origin:
    """What an expression comes from: all that it reads, told apart by field where it is a struct."""
    match expression:
        case exp.Column():
            return _column(expression, scope)
        case exp.Dot() if isinstance(expression.expression, exp.Identifier):
            struct = _origin(expression.this, scope)
            return (struct.fields or {}).get(expression.name.lower(), struct)
        case exp.Struct():
            return _struct({e.this.name.lower(): _origin(e.expression, scope) for e in expression.expressions})
        case exp.In(args={"query": exp.Query() as query}) | (exp.Query() as query):
            # A list tells by what is in it, not by what is looked for.
            return Origin(_joined(_query(query, scope.tables, scope).values()).sources)
        case _ if (chosen := _chosen(expression, scope)) is not None:
            return chosen
    read = () if isinstance(expression, exp.Exists | exp.Columns) else expression.iter_expressions()
    return Origin(_joined(_origin(part, scope) for part in read).sources)


def _chosen(expression: exp.Expr, scope: Scope) -> Origin | None:
    """What a choice among structs comes from, told apart by field; None for what is no such choice."""
    match expression:
        case exp.Case() | exp.If() | exp.Coalesce() | exp.Min() | exp.Max() | exp.Filter() | exp.Window():
            parts = [_origin(part, scope) for part in _values(expression)]
            if any(part.fields is not None for part in parts):
                return _joined(part for part in parts if part.fields is not None)
        case exp.ArgMin() | exp.ArgMax() if (fields := _origin(expression.this, scope).fields) is not None:
            by = Origin(_origin(expression.expression, scope).sources)
            return _struct({name: of_field | by for name, of_field in fields.items()})
    return None


def _values(expression: exp.Expr) -> list[exp.Expr]:
    """What such an expression may give, without the conditions that choose."""
    match expression:
        case exp.Case():
            given = [branch.args["true"] for branch in expression.args["ifs"]]
            return [*given, *([expression.args["default"]] if expression.args.get("default") else [])]
        case exp.If():
            return [e for e in (expression.args["true"], expression.args.get("false")) if e is not None]
        case exp.Coalesce():
            return [expression.this, *expression.expressions]
    return [expression.this]


def _column(column: exp.Column, scope: Scope) -> Origin:
    name, table = column.name.lower(), column.table.lower()
    found = scope.column(name, table)
    if found is not None:
        return found
    if name in scope.sources:  # the row of a table as a whole
        return _joined(scope.sources[name].values())
    if any(name == p.name.lower() for up in _lambdas(column) for p in up.expressions):
        return Origin()
    raise ValueError(f"no column {column.sql('duckdb')} in {', '.join(scope.sources)}")


def _lambdas(expression: exp.Expr) -> Iterator[exp.Lambda]:
    above = expression.parent
    while above is not None:
        if isinstance(above, exp.Lambda):
            yield above
        above = above.parent


def _joined(origins: Iterable[Origin]) -> Origin:
    joined = Origin()
    for origin in origins:
        joined = origin if joined == Origin() else joined | origin
    return joined


def _struct(fields: Mapping[str, Origin]) -> Origin:
    return Origin(frozenset().union(*(f.sources for f in fields.values())), fields)


def _without_marks(sql: str) -> str:
    """Null for each ``?``: sqlglot does not know ``?::type``."""
    return "'".join(part.replace("?", "null") if n % 2 == 0 else part for n, part in enumerate(sql.split("'")))


def _name(table: exp.Expr) -> str:
    """``schema.table`` or ``table``, without the catalog."""
    node = table.this if isinstance(table, exp.Schema) else table
    assert isinstance(node, exp.Table)
    return ".".join(part for part in (node.db.lower(), node.name.lower()) if part)


def _alias(table: exp.Expr) -> str:
    return table.alias_or_name.lower()
