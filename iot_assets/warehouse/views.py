"""Views for people with BI tools: a star of two dimensions and two facts, and completeness, declared like tables.

Belongs here: declarations, and making the views in a file. Does not: the queries (``sql/views``).
Those of ``VIEWS`` are in both files; one more for each kind of device, with a column a metric, is made with each
publication.
"""

from __future__ import annotations

import hashlib
from functools import cache
from typing import Final

import duckdb

from iot_assets.warehouse.column_names import column_names
from iot_assets.warehouse.ddl import comments, literal, quote
from iot_assets.warehouse.queries import query
from iot_assets.warehouse.tables import Column, Table

_AT: Final = "TIMESTAMPTZ"
_KEY: Final = Column("device_key", "VARCHAR", "Row of gold.dim_device that held then.")
_DEVICE: Final = Column("device_id", "VARCHAR", "The device.", required=True)
_HOUR: Final = Column("hour_at", _AT, "Start of the hour, in gold.dim_time.", required=True)

DIM_DEVICE: Final = Table(
    "gold",
    "dim_device",
    "What is known of each device, with history: a row for each time in which it was the same.",
    (
        Column("device_key", "VARCHAR", "Names the row: the device and the version, as press#2.", required=True),
        _DEVICE,
        Column("version", "BIGINT", "Its number among the device's rows, from 1.", required=True),
        Column("is_current", "BOOLEAN", "Whether it is the last of them.", required=True),
        Column("valid_from_at", _AT, "Since when it holds; the first holds for what was before, too.", required=True),
        Column("valid_to_at", _AT, "Until when; null: it still does."),
        Column("withdrawn_at", _AT, "Since when no registry named the device any more."),
        Column("kind", "VARCHAR", "What kind of device it is."),
        Column("manufacturer", "VARCHAR", "Who made it."),
        Column("model", "VARCHAR", "Which model."),
        Column("site", "VARCHAR", "Where it belongs."),
        Column("lat", "DOUBLE", "Latitude, WGS 84.", unit="deg"),
        Column("lon", "DOUBLE", "Longitude, WGS 84.", unit="deg"),
        Column("firmware", "VARCHAR", "Firmware version."),
        Column("installed_at", _AT, "When it was installed."),
        Column("expected_interval_s", "DOUBLE", "Time between its readings.", unit="s"),
        Column("origin", "VARCHAR", "declared, announced or seen, as in silver.devices.", required=True),
        Column("first_seen_at", _AT, "Received time of its first reading."),
        Column("last_seen_at", _AT, "Received time of its latest reading."),
    ),
    key=("device_key",),
)

DIM_TIME: Final = Table(
    "gold",
    "dim_time",
    "Every hour of the days from the first to the last of which there are data, with its place in the calendar of UTC.",
    (
        Column("hour_at", _AT, "Start of the hour.", required=True),
        Column("date", "DATE", "Its day.", required=True),
        Column("year", "INTEGER", "Year.", required=True),
        Column("quarter", "INTEGER", "Quarter, 1 to 4.", required=True),
        Column("month", "INTEGER", "Month, 1 to 12.", required=True),
        Column("month_name", "VARCHAR", "January to December.", required=True),
        Column("iso_year", "INTEGER", "Year of the ISO week.", required=True),
        Column("iso_week", "INTEGER", "ISO week, 1 to 53.", required=True),
        Column("day_of_year", "INTEGER", "Day of the year, from 1.", required=True),
        Column("day", "INTEGER", "Day of the month.", required=True),
        Column("weekday", "INTEGER", "Day of the ISO week: 1 is Monday, 7 Sunday.", required=True),
        Column("weekday_name", "VARCHAR", "Monday to Sunday.", required=True),
        Column("is_weekend", "BOOLEAN", "Saturday or Sunday.", required=True),
        Column("hour", "INTEGER", "Hour of the day, 0 to 23.", required=True),
    ),
    key=("hour_at",),
)

FACT_DEVICE_METRICS: Final = Table(
    "gold",
    "fact_device_metrics",
    "What each device measured by hour, and what formulas gave: a row a device, metric and hour.",
    (
        _KEY,
        _DEVICE,
        Column("metric", "VARCHAR", "The metric.", required=True),
        Column("source", "VARCHAR", "measured, or derived: by a formula.", required=True),
        _HOUR,
        Column("n", "BIGINT", "Valid readings; of a formula, of that input which has the fewest.", required=True),
        Column("value", "DOUBLE", "Mean of the readings, or what the formula gives.", required=True),
        Column("min", "DOUBLE", "Least reading."),
        Column("max", "DOUBLE", "Greatest reading."),
        Column("first", "DOUBLE", "First reading."),
        Column("last", "DOUBLE", "Last reading."),
        Column("unit", "VARCHAR", "Unit; of readings, that of the newest."),
    ),
    key=("device_id", "metric", "source", "hour_at"),
    time="hour_at",
)

FACT_DEVICE_EVENTS: Final = Table(
    "gold",
    "fact_device_events",
    "What happened to devices: births and deaths, joins, changes of the registry and of state, broken rules, alarms.",
    (
        Column("device_key", "VARCHAR", "Row of gold.dim_device that held then."),
        Column("device_id", "VARCHAR", "The device; null for an alarm that is about none."),
        _HOUR,
        Column("happened_at", _AT, "When; of a rule, the first reading.", required=True),
        Column("until_at", _AT, "Of a rule, the last reading; of an alarm, when it was over."),
        Column(
            "kind",
            "VARCHAR",
            "joined (first heard), birth, death (it said so), registry_change, online, late, offline, never_seen,"
            " rule_hit, alarm.",
            required=True,
        ),
        Column("subject", "VARCHAR", "The rule, the alarm's cause, who said the change, or the state before."),
        Column("metric", "VARCHAR", "The metric whose readings broke the rule."),
        Column("count", "BIGINT", "Readings that broke the rule, each at most an hour after the last; else 1."),
        Column("summary", "VARCHAR", "What people were told by the alarm."),
    ),
    time="happened_at",
)

COMPLETENESS_1MIN: Final = Table(
    "gold",
    "completeness_1min",
    "How complete each minute is of series that speak once a minute or more often, silent minutes included.",
    (
        _DEVICE,
        Column("metric", "VARCHAR", "The metric.", required=True),
        Column("minute_at", _AT, "Start of the minute.", required=True),
        Column("expected", "DOUBLE", "Readings that its interval in gold.quality_hourly promises.", required=True),
        Column("received", "BIGINT", "Readings, each once.", required=True),
        Column("completeness", "DOUBLE", "received / expected, at most 1.", required=True),
    ),
    key=("device_id", "metric", "minute_at"),
    time="minute_at",
)

CATALOG: Final = Table(
    "gold",
    "catalog",
    "Which devices and metrics there are: heard or declared; a device without any has one row.",
    (
        _DEVICE,
        Column("metric", "VARCHAR", "The metric; null for a device that has none."),
        Column("kind", "VARCHAR", "What kind of device it is."),
        Column("manufacturer", "VARCHAR", "Who made it."),
        Column("model", "VARCHAR", "Which model."),
        Column("site", "VARCHAR", "Where it belongs."),
        Column("unit", "VARCHAR", "Unit as declared, else that of the newest reading."),
        Column("description", "VARCHAR", "What the metric is, as declared."),
        Column("least", "DOUBLE", "Least value that can be right, as declared."),
        Column("greatest", "DOUBLE", "Greatest value that can be right, as declared."),
        Column("state", "VARCHAR", "State of the device: online, late, offline, never_seen."),
        Column("since_at", _AT, "Event time of the first numeric reading that counts."),
        Column("last_at", _AT, "Event time of the newest reading."),
        Column("last_value", "DOUBLE", "Its value, where that is a number."),
        Column("last_text", "VARCHAR", "Its value, where that is a text."),
        Column("readings", "BIGINT", "Numeric readings there are.", required=True),
        Column("days", "BIGINT", "Days that have any.", required=True),
        Column("score", "DOUBLE", "Quality score of the device on its newest day, 0 to 100."),
        Column("band", "VARCHAR", "good, warning, critical or unknown, by the score."),
    ),
    key=("device_id", "metric"),
)

#: The views of both files; each is made of those before it.
VIEWS: Final = (DIM_DEVICE, DIM_TIME, FACT_DEVICE_METRICS, FACT_DEVICE_EVENTS, COMPLETENESS_1MIN, CATALOG)
#: View of a kind of devices: this name and the kind's.
OF_KIND: Final = FACT_DEVICE_METRICS.name
#: Kinds with more metrics than this have no view of their own, and so have kinds beyond so many.
MOST_COLUMNS: Final = 500
MOST_KINDS: Final = 200


def content(view: Table) -> str:
    """The query of a view of ``VIEWS``."""
    return _query(f"views/{view.name}")


def statements() -> list[str]:
    """DDL that makes the views of ``VIEWS`` in the current catalog, whatever was there."""
    return [
        line
        for view in VIEWS
        for line in (f"create or replace view {view.full_name} as {content(view)};", *comments(view, what="view"))
    ]


@cache
def fingerprint() -> str:
    """Differs where the views do."""
    return hashlib.blake2b("".join(statements()).encode(), digest_size=8).hexdigest()


def statements_of_kinds(connection: duckdb.DuckDBPyConnection) -> list[str]:
    """DDL of a view for each kind of devices, with a column for each metric that its devices have had."""
    found = connection.execute(query("views/metrics_of_kinds")).fetchall()
    kinds: dict[str | None, dict[tuple[str, str], str | None]] = {}
    for kind, metric, source, unit in found:
        kinds.setdefault(kind, {})[metric, source] = unit
    narrow = [kind for kind, metrics in kinds.items() if len(metrics) <= MOST_COLUMNS][:MOST_KINDS]
    names = column_names([(kind or "without_kind", str(kind is None)) for kind in narrow], taken=())
    return [
        line
        for kind, name in zip(narrow, names, strict=True)
        for line in _of_kind(kind, f"{OF_KIND}_{name}", kinds[kind])
    ]


def _of_kind(kind: str | None, name: str, metrics: dict[tuple[str, str], str | None]) -> list[str]:
    names = column_names(list(metrics), taken=[column.name for column in (_KEY, _DEVICE, _HOUR)])
    meanings, picked = [], []
    for (metric, source), unit, column in zip(metrics, metrics.values(), names, strict=True):
        by = "" if source == "measured" else " (by its formula)"
        meanings.append(f"{column}: {metric}{by}" + (f" [{unit}]" if unit else ""))
        condition = f"metric = {literal(metric)} and source = '{source}'"
        picked.append(f"any_value(value) filter ({condition}) as {quote(column)}")
    of_kind = "kind is null" if kind is None else f"kind = {literal(kind)}"
    body = _query("views/fact_device_metrics_of_kind", of_kind=of_kind, columns=",\n        ".join(picked))
    described = "of no known kind" if kind is None else f"of the kind {kind}"
    # One comment for all columns: each of their own would bind the view once more, 2 ms.
    meaning = f"Means of the hour of devices {described}, a column a metric. {'; '.join(meanings)}."
    view = f"gold.{name}"
    return [f"create or replace view {view} as {body};", f"comment on view {view} is {literal(meaning)};"]


def _query(name: str, **names: str) -> str:
    """The view's query; all names at once, so that what is filled in is not filled in itself."""
    return query(name).format(device_keys=query("views/device_keys"), **names)
