"""Every table, declared once: columns with type, unit and meaning, key, and what its values must be.

DDL, column comments, the schema shown in the Dagster UI, each table's checks and ``docs/reference`` are made from this.
Belongs here: declarations. Does not: SQL that fills a table (``sql/<schema>/<table>.sql``), rules across tables (``checks``).
All instants are TIMESTAMPTZ in UTC. Types are those that both a plain DuckDB file and a DuckLake catalog know.
"""

from __future__ import annotations

from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

AT: Final = "TIMESTAMPTZ"
#: Exact sums: 12 decimals, 26 digits before them (see ``docs/data-model.md``, Exact sums).
EXACT: Final = "DECIMAL(38,12)"


@dataclass(frozen=True, slots=True)
class Column:
    """One column; ``required`` is NOT NULL, ``expect`` a SQL condition that good rows meet (its failure only warns)."""

    name: str
    type: str
    description: str
    unit: str | None = None
    required: bool = False
    expect: str | None = None


@dataclass(frozen=True, slots=True)
class Table:
    """One table: ``key`` names the columns that are unique together; ``time`` the column that bounds a look-up.

    ``keyless`` is a column that is true in rows which the key does not bind.
    """

    schema: str
    name: str
    description: str
    columns: tuple[Column, ...]
    key: tuple[str, ...] = ()
    time: str | None = None
    keyless: str | None = None

    @property
    def full_name(self) -> str:
        """``schema.table``, as it is written in SQL: never with a catalog in front."""
        return f"{self.schema}.{self.name}"


def _c(name: str, kind: str, description: str, *, unit: str | None = None, expect: str | None = None) -> Column:
    """A column that may be null."""
    return Column(name, kind, description, unit, required=False, expect=expect)


def _r(name: str, kind: str, description: str, *, unit: str | None = None, expect: str | None = None) -> Column:
    """A required column."""
    return Column(name, kind, description, unit, required=True, expect=expect)


_BATCH: Final = _r("batch_id", "BIGINT", "The transaction of bronze that the row came in with; differs after a rebuild.")

FILES: Final = Table(
    "bronze", "files", "The ledger: one row per landed Parquet file, whatever became of it.",
    (
        _r("file_id", "BIGINT", "Number of the file in this warehouse; differs after a rebuild."),
        _r("path", "VARCHAR", "Path of the file, relative to the lake."),
        _r("lander", "VARCHAR", "Which lander wrote it."),
        _r("landed_on", "DATE", "The day of the folder it lies in: what `rebuild` selects by."),
        _r("state", "VARCHAR", "entered: its messages are in bronze. corrupt: it was set aside, see problem. compacted_into: its rows live on in another file.", expect="state in ('entered', 'corrupt', 'compacted_into')"),
        _c("problem", "VARCHAR", "What is wrong with a corrupt file."),
        _r("rows", "BIGINT", "Messages in it.", expect="rows >= 0"),
        _r("bytes", "BIGINT", "Its size.", unit="B", expect="bytes >= 0"),
        _c("first_message_id", "UUID", "Least message id in it."),
        _c("last_message_id", "UUID", "Greatest message id in it."),
        _c("first_received_at", AT, "Earliest received time in it."),
        _c("last_received_at", AT, "Latest received time in it."),
        _r("entered_at", AT, "When it was entered here."),
        _BATCH,
    ),
    key=("path",),
)

MESSAGES: Final = Table(
    "bronze", "messages", "Every landed message as it came, never decoded. Kept for the setting warehouse.bronze_days; the lake keeps the rest.",
    (
        _r("message_id", "UUID", "Unique for ever; sorts by lander start, lander and arrival."),
        _r("source", "VARCHAR", "Which input it came in by: kind and name; 'registry' for the device registry."),
        _r("topic", "VARCHAR", "MQTT topic, or what stands for it elsewhere."),
        _r("payload", "BLOB", "The bytes as received."),
        _c("content_type", "VARCHAR", "Content type, where the sender gave one."),
        _c("attributes", "VARCHAR", "JSON of what else came with it (MQTT 5 user properties)."),
        _r("qos", "TINYINT", "MQTT quality of service as delivered.", expect="qos between 0 and 2"),
        _r("retain", "BOOLEAN", "Delivered from the broker's retained store."),
        _r("dup", "BOOLEAN", "The broker says that it may have delivered it before."),
        _r("packet_id", "INTEGER", "MQTT packet identifier, 0 where there is none.", expect="packet_id between 0 and 65535"),
        _r("session", "INTEGER", "Which connection of its lander it came by, counted from the first."),
        _r("received_at", AT, "The lander's clock when it was taken."),
        _r("file_id", "BIGINT", "The file it lies in, in bronze.files."),
        _BATCH,
    ),
    key=("message_id",), time="received_at",
)

OUTCOMES: Final = Table(
    "silver", "outcomes", "What became of each landed message: exactly one row a message. Kept as long as bronze.messages.",
    (
        _r("message_id", "UUID", "The message."),
        _r("source", "VARCHAR", "Its source."),
        _r("received_at", AT, "When it was received."),
        _r("outcome", "VARCHAR", "telemetry, duplicate, rejected, not_telemetry or held.", expect="outcome in ('telemetry', 'duplicate', 'rejected', 'not_telemetry', 'held')"),
        _c("decoder", "VARCHAR", "The convention that read it; null where no route matched."),
        _r("redelivered", "BOOLEAN", "The broker delivered it again after a connection was lost; it counts once."),
        _r("readings", "INTEGER", "Readings it holds.", expect="readings >= 0"),
        _r("new_readings", "INTEGER", "Those of them that no earlier message had brought.", expect="new_readings between 0 and readings"),
        _r("landed_on", "DATE", "Day folder of the landed file it lies in."),
        _BATCH,
    ),
    key=("message_id",), time="received_at",
)

OUTCOME_COUNTS: Final = Table(
    "silver", "outcome_counts", "Messages by source, minute and outcome, kept for ever: the books.",
    (
        _r("source", "VARCHAR", "Source."),
        _r("minute_at", AT, "Start of the minute in which they were received."),
        _r("outcome", "VARCHAR", "Outcome."),
        _r("landed_on", "DATE", "Day folder of the landed files they lie in."),
        _r("messages", "BIGINT", "How many.", expect="messages > 0"),
    ),
    key=("source", "minute_at", "outcome", "landed_on"), time="minute_at",
)

_READING: Final = (
    _r("device_id", "VARCHAR", "The device, unique in the installation; made by the route's template.", expect="length(device_id) between 1 and 400"),
    _r("metric", "VARCHAR", "What was measured.", expect="length(metric) between 1 and 400"),
    _r("event_at", AT, "When it was measured, by the device's clock where that can be believed."),
    _c("value", "DOUBLE", "The number, in the unit given.", expect="value is null or isfinite(value)"),
    _c("value_text", "VARCHAR", "The value where it is a text."),
    _c("unit", "VARCHAR", "Unit as sent, or as the convention or the registry declares it."),
    _r("flags", "VARCHAR[]", "What is remarkable about it; the list of flags is in docs/data-model.md."),
    _r("event_at_source", "VARCHAR", "payload, relative, or received where the payload had no time or none to be believed.", expect="event_at_source in ('payload', 'relative', 'received')"),
    _c("time_text", "VARCHAR", "The time as sent, where it was not believed."),
    _r("received_at", AT, "When the message was received."),
    _r("message_id", "UUID", "The message that brought it first."),
    _r("position", "INTEGER", "Its place within that message.", expect="position >= 0"),
    _BATCH,
    _r("from_registry", "VARCHAR[]", "What the registry added to what the message said: unit, out_of_range, unknown_device."),
    _c("declared_id", "VARCHAR", "What its message calls itself, where the convention has such ids; with #2 and so on where the message holds the metric more than once."),
    _c("keep_all", "BOOLEAN", "True where the route keeps all values of one time (keep_all), so that it holds beside others."),
)

READINGS: Final = Table(
    "silver", "readings", "Every reading once, in long form: the value that holds for each device, metric and event time (all values, where the route says keep_all).",
    _READING, key=("device_id", "metric", "event_at"), time="event_at", keyless="keep_all",
)

CORRECTIONS: Final = Table(
    "silver", "corrections", "Values that another value for the same device, metric and event time has replaced.",
    _READING, key=("device_id", "metric", "event_at", "value", "value_text", "declared_id"), time="event_at",
)

DUPLICATES: Final = Table(
    "silver", "duplicates", "Every reading that was said before, by whichever message arrived earlier; of a redelivery, all readings. Kept as long as bronze.messages.",
    (
        *_READING[:5],
        _r("received_at", AT, "When the message was received."),
        _r("message_id", "UUID", "The message that said it once more."),
        _r("position", "INTEGER", "Its place within that message.", expect="position >= 0"),
        _r("landed_on", "DATE", "Day folder of the landed file that the message lies in."),
        _BATCH,
    ),
    key=("message_id", "position"), time="received_at",
)

DUPLICATE_COUNTS: Final = Table(
    "silver", "duplicate_counts", "Duplicates by device, metric and hour of the event time, kept for ever; counted since the version that brought them.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        _r("hour_at", AT, "Start of the hour in which they were measured."),
        _r("landed_on", "DATE", "Day folder of the landed files that they lie in."),
        _r("duplicates", "BIGINT", "How many.", expect="duplicates > 0"),
    ),
    key=("device_id", "metric", "hour_at", "landed_on"), time="hour_at",
)

REJECTS: Final = Table(
    "silver", "rejects", "Messages, or parts of them, that could not be decoded: why, and their bytes.",
    (
        _r("message_id", "UUID", "The message."),
        _r("topic", "VARCHAR", "Its topic."),
        _r("source", "VARCHAR", "Its source."),
        _r("received_at", AT, "When it was received."),
        _r("reason", "VARCHAR", "Why, from a closed list (docs/data-model.md)."),
        _c("detail", "VARCHAR", "What exactly."),
        _r("payload", "BLOB", "Its bytes."),
        _c("decoder", "VARCHAR", "The convention that refused it; null where no route matched."),
        _r("attempts", "INTEGER", "How often decoding was tried.", expect="attempts >= 1"),
        _c("replayed_at", AT, "When it was last tried again."),
        _BATCH,
        _c("device_id", "VARCHAR", "Who sent it, where that is known: from the topic, or from what could be read of the message."),
    ),
    key=("message_id",), time="received_at",
)

_DEVICE_FACTS: Final = (
    _c("kind", "VARCHAR", "What kind of device it is."),
    _c("manufacturer", "VARCHAR", "Who made it."),
    _c("model", "VARCHAR", "Which model."),
    _c("site", "VARCHAR", "Where it belongs."),
    _c("lat", "DOUBLE", "Latitude, WGS 84.", unit="deg", expect="lat is null or lat between -90 and 90"),
    _c("lon", "DOUBLE", "Longitude, WGS 84.", unit="deg", expect="lon is null or lon between -180 and 180"),
    _c("firmware", "VARCHAR", "Firmware version."),
    _c("installed_at", AT, "When it was installed."),
    _c("expected_interval_s", "DOUBLE", "Time between its readings.", unit="s", expect="expected_interval_s is null or expected_interval_s > 0"),
    _c("attributes", "VARCHAR", "JSON of whatever else is known."),
)

_METRIC_FACTS: Final = (
    _c("unit", "VARCHAR", "Unit."),
    _c("min", "DOUBLE", "Least value that can be right (inclusive)."),
    _c("max", "DOUBLE", "Greatest value that can be right (inclusive).", expect="min is null or max is null or max >= min"),
    _c("description", "VARCHAR", "What it is."),
)

_ORIGIN: Final = _r("origin", "VARCHAR", "declared: a registry file names it. announced: only it said so itself.", expect="origin in ('declared', 'announced')")

DEVICES: Final = Table(
    "silver", "devices", "What is known of each device, with history: the row that held from valid_from_at until valid_to_at.",
    (
        _r("device_id", "VARCHAR", "The device."),
        *_DEVICE_FACTS,
        _r("origin", "VARCHAR", "declared: a registry file names it. announced: only it said so itself. seen: known only because it sent something.", expect="origin in ('declared', 'announced', 'seen')"),
        _r("valid_from_at", AT, "Since when this holds."),
        _c("valid_to_at", AT, "Until when; null: it still holds.", expect="valid_to_at is null or valid_to_at > valid_from_at"),
        _c("first_seen_at", AT, "Received time of its first reading."),
        _c("last_seen_at", AT, "Received time of its latest reading."),
    ),
    key=("device_id", "valid_from_at"),
)

METRICS: Final = Table(
    "silver", "metrics", "Declared or announced unit and limits per device and metric, with history.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        *_METRIC_FACTS,
        _ORIGIN,
        _r("valid_from_at", AT, "Since when this holds."),
        _c("valid_to_at", AT, "Until when; null: it still holds.", expect="valid_to_at is null or valid_to_at > valid_from_at"),
    ),
    key=("device_id", "metric", "valid_from_at"),
)

SCHEMA_VERSIONS: Final = Table(
    "silver", "schema_versions", "Which shapes the messages of each route have, by landed day: what changed, and since when. A shape is the set of metrics that one message gives, each a number or a text.",
    (
        _r("route", "VARCHAR", "Topic pattern of the route."),
        _r("shape", "VARCHAR", "Names the shape by its metrics; other: all that are beyond the setting drift.shapes_per_route."),
        _r("landed_on", "DATE", "Day folder of the landed files that the messages lie in."),
        _r("numbers", "VARCHAR[]", "Metrics that are numbers, in alphabetical order; of other, those of any of its messages."),
        _r("texts", "VARCHAR[]", "Metrics that are texts, likewise."),
        _r("messages", "BIGINT", "How many messages, duplicates included; those with a reject do not count.", expect="messages > 0"),
        _r("first_seen_at", AT, "When the first of them was received."),
        _r("last_seen_at", AT, "When the latest of them was received.", expect="last_seen_at >= first_seen_at"),
        _r("example_message_id", "UUID", "The first of them."),
        _r("example_topic", "VARCHAR", "Its topic."),
        _r("example_payload", "BLOB", "The first 300 bytes of its payload."),
    ),
    key=("route", "shape", "landed_on"), time="last_seen_at",
)


def _rollup(name: str, width: str, source: str) -> Table:
    return Table(
        "gold", name, f"Statistics of each device and metric by {width} (UTC), made from {source}; exact, whatever the order of arrival.",
        (
            _r("device_id", "VARCHAR", "The device."),
            _r("metric", "VARCHAR", "The metric."),
            _r("bucket_at", AT, f"Start of the {width}."),
            _r("n", "BIGINT", "Numeric readings in it.", expect="n = n_valid + n_excluded and n > 0"),
            _r("n_valid", "BIGINT", "Those that count.", expect="n_valid >= 0"),
            _r("n_excluded", "BIGINT", "Those that an excluding flag or rule keeps out.", expect="n_excluded >= 0"),
            _c("sum", EXACT, "Exact sum of the valid values."),
            _c("sum_squares", EXACT, "Exact sum of their squares, each rounded to 12 decimals; null where a value reaches 1e9."),
            _c("mean", "DOUBLE", "sum / n_valid.", expect="mean is null or mean between min - 1e-9 * (1 + abs(min)) and max + 1e-9 * (1 + abs(max))"),
            _c("min", "DOUBLE", "Least valid value."),
            _c("max", "DOUBLE", "Greatest valid value.", expect="min is null or min <= max"),
            _c("first", "DOUBLE", "First valid value by (event_at, message_id, position)."),
            _c("first_at", AT, "Its event time."),
            _c("first_message_id", "UUID", "Its message."),
            _c("last", "DOUBLE", "Last valid value by the same order."),
            _c("last_at", AT, "Its event time.", expect="last_at is null or last_at >= first_at"),
            _c("last_message_id", "UUID", "Its message."),
        ),
        key=("device_id", "metric", "bucket_at"), time="bucket_at",
    )


READINGS_1MIN: Final = _rollup("readings_1min", "minute", "silver.readings")
READINGS_1H: Final = _rollup("readings_1h", "hour", "gold.readings_1min")
READINGS_1D: Final = _rollup("readings_1d", "day", "gold.readings_1h")

LATEST: Final = Table(
    "gold", "latest", "The newest reading of each device and metric, by event time.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        _r("event_at", AT, "When it was measured."),
        _c("value", "DOUBLE", "The number."),
        _c("value_text", "VARCHAR", "The text, where it is one."),
        _c("unit", "VARCHAR", "Its unit."),
        _r("flags", "VARCHAR[]", "Its flags."),
        _r("received_at", AT, "When it was received."),
        _r("message_id", "UUID", "The message that brought it."),
        _c("rules", "VARCHAR[]", "Names of the rules that it breaks, or one of the same message, time and value, in alphabetical order."),
    ),
    key=("device_id", "metric"),
)


RULE_HITS: Final = Table(
    "gold", "rule_hits", "Readings that break a rule: a row per reading and rule, a function of silver's readings and the rules in force.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        _r("event_at", AT, "When the reading was measured."),
        _r("message_id", "UUID", "The message that brought it."),
        _r("position", "INTEGER", "Its place in the message."),
        _r("rule", "VARCHAR", "The rule, as the settings name it."),
        _r("kind", "VARCHAR", "The rule's kind."),
        _r("action", "VARCHAR", "warn; exclude: no rollup counts the reading; fail: the check rules fails.", expect="action in ('warn', 'exclude', 'fail')"),
        _r("value", "DOUBLE", "The reading's value."),
        _r("measure", "DOUBLE", "What was compared: the value, the jump, the change per second, seconds flat, of the gap, or back."),
        _r("bound", "DOUBLE", "The limit that it broke."),
    ),
    key=("device_id", "metric", "event_at", "message_id", "position", "rule"), time="event_at",
)

RULES: Final = Table(
    "ops", "rules", "By which rules gold.rule_hits was judged; no row: by none.",
    (_r("fingerprint", "VARCHAR", "Differs where anything does that a verdict depends on."),),
)

UNJUDGED_DAYS: Final = Table(
    "ops", "unjudged_days", "Days that are yet to be judged by the rules in force, after these have changed.",
    (
        _r("day", "DATE", "The day, by event time."),
        _r("part", "BIGINT", "Which part of its devices, from 0."),
        _r("parts", "BIGINT", "In how many parts a day is judged that has many readings."),
    ),
    key=("day", "part"),
)


def _derived(name: str, width: str, source: str) -> Table:
    return Table(
        "gold", name, f"What the declared formulas give for each device by {width} (UTC), from {source}: a row where all inputs have a value in the bucket.",
        (
            _r("device_id", "VARCHAR", "The device."),
            _r("metric", "VARCHAR", "The derived metric: the formula's name."),
            _r("bucket_at", AT, f"Start of the {width}."),
            _r("value", "DOUBLE", "What the formula gives.", expect="isfinite(value)"),
            _c("unit", "VARCHAR", "Its unit, as declared with the formula."),
            _r("n", "BIGINT", "Valid readings of that input which has the fewest.", expect="n > 0"),
            _r("formula", "VARCHAR", "Fingerprint of the formula, which gold.formulas has."),
        ),
        key=("device_id", "metric", "bucket_at"), time="bucket_at",
    )


DERIVED_1H: Final = _derived("derived_1h", "hour", "gold.readings_1h")
DERIVED_1D: Final = _derived("derived_1d", "day", "gold.readings_1d")

FORMULAS: Final = Table(
    "gold", "formulas", "The formulas that gold.derived_1h and gold.derived_1d are made with.",
    (
        _r("resolution", "VARCHAR", "1h or 1d.", expect="resolution in ('1h', '1d')"),
        _r("metric", "VARCHAR", "The derived metric: the formula's name."),
        _r("place", "INTEGER", "Its place among the formulas of this name; the first that gives a value holds."),
        _r("fingerprint", "VARCHAR", "Names it in the rows that it gave; differs where anything of it does."),
        _r("formula", "VARCHAR", "The formula."),
        _c("unit", "VARCHAR", "Unit of what it gives."),
        _c("description", "VARCHAR", "What it is."),
    ),
    key=("resolution", "metric", "place"),
)

ALERTS: Final = Table(
    "gold", "alerts", "Every alert that was raised, for ever: what people were told, and when it was over. Book-keeping of what happened here, no function of the data.",
    (
        _r("alert_id", "VARCHAR", "The alert, as `iot-assets alerts` names it."),
        _r("cause", "VARCHAR", "Its cause, one of those that docs/alerts.md lists."),
        _r("about", "VARCHAR", "Which group it was about: a site, a rule, a table, a channel; empty where it was about the house."),
        _r("severity", "VARCHAR", "info, warning or critical, as it last was.", expect="severity in ('info', 'warning', 'critical')"),
        _r("summary", "VARCHAR", "What was so, in a sentence, as it last was."),
        _r("items", "VARCHAR", "JSON list of the first of the things that it was about."),
        _r("count", "BIGINT", "How many of them there were.", expect="count >= 1"),
        _r("state", "VARCHAR", "open or resolved.", expect="state in ('open', 'resolved')"),
        _r("since_at", AT, "When its cause was first seen."),
        _r("raised_at", AT, "When it had held long enough to be an alert."),
        _c("resolved_at", AT, "When its cause had been gone long enough."),
        _c("told_at", AT, "When people were last told of it; null: never, since they had just been told of the same."),
        _c("acknowledged_at", AT, "When somebody said that he looks after it."),
        _c("acknowledged_by", "VARCHAR", "Who."),
        _c("note", "VARCHAR", "What he said about it."),
    ),
    key=("alert_id",), time="raised_at",
)

DEVICE_STATUS: Final = Table(
    "gold", "device_status", "Whether each device is heard as it should be; found by time alone, brought up to date by every run.",
    (
        _r("device_id", "VARCHAR", "The device: of the registry, or ever seen."),
        _r("state", "VARCHAR", "online, late (silent for two of its intervals), offline (for ten), or never_seen.", expect="state in ('online', 'late', 'offline', 'never_seen')"),
        _r("since_at", AT, "Since when; exact, whenever it was found."),
        _c("last_received_at", AT, "When it was last heard; what arrived more than a day late does not count."),
        _c("last_event_at", AT, "Event time of its newest reading."),
        _c("interval_s", "DOUBLE", "Its interval.", unit="s", expect="interval_s is null or interval_s > 0"),
        _c("interval_source", "VARCHAR", "declared: by the registry. learned: from its last seven days.", expect="interval_source is null or interval_source in ('declared', 'learned')"),
        _r("late_after_s", "DOUBLE", "Silence that makes it late.", unit="s", expect="late_after_s > 0"),
        _r("offline_after_s", "DOUBLE", "Silence that makes it offline.", unit="s", expect="offline_after_s > late_after_s"),
        _c("back_at", AT, "First sign of life after a silence; it is online again once it has been heard for late_after_s."),
        _c("battery", "DOUBLE", "Least of its battery levels.", unit="%"),
        _c("battery_bin", "VARCHAR", "critical (up to 20), low (50), medium (80), high.", expect="battery_bin is null or battery_bin in ('critical', 'low', 'medium', 'high')"),
    ),
    key=("device_id",),
)

DEVICE_EVENTS: Final = Table(
    "gold", "device_events", "When devices changed their state: recorded once, as it was found.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("happened_at", AT, "When."),
        _r("kind", "VARCHAR", "The state from then on: online, late, offline, never_seen.", expect="kind in ('online', 'late', 'offline', 'never_seen')"),
        _c("before", "VARCHAR", "The state before; null for a device that is new."),
        _r("recorded_at", AT, "When it was found."),
    ),
    key=("device_id", "recorded_at"), time="happened_at",
)

QUALITY_LOG: Final = Table(
    "gold", "quality_log", "Every result of every check with its run, for ever.",
    (
        _r("checked_at", AT, "When it was judged."),
        _r("run_id", "VARCHAR", "The Dagster run."),
        _r("table_name", "VARCHAR", "The table."),
        _r("check_name", "VARCHAR", "The check."),
        _r("passed", "BOOLEAN", "Whether it passed."),
        _r("severity", "VARCHAR", "ERROR: a failure is grave; one of a contract rolls the write back. WARN: a finding.", expect="severity in ('ERROR', 'WARN')"),
        _r("failing", "BIGINT", "Offending rows.", expect="failing >= 0"),
        _c("facts", "VARCHAR", "JSON of the figures that it tells besides."),
        _c("sample", "VARCHAR", "JSON of the first offending rows."),
    ),
    time="checked_at",
)

DEVICE_ROUTES: Final = Table(
    "silver", "device_routes", "By which routes each device has been heard; one that a replay reads by another route keeps both until a rebuild.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("route", "VARCHAR", "Topic pattern of the route."),
    ),
    key=("device_id", "route"),
)

_PARTS: Final = (
    _c("completeness", "DOUBLE", "met / expected."),
    _c("validity", "DOUBLE", "valid / (received + rejected)."),
    _c("uniqueness", "DOUBLE", "received / (received + duplicates)."),
    _c("timeliness", "DOUBLE", "1 - late / received."),
    _c("consistency", "DOUBLE", "1 - inconsistent / received."),
)

QUALITY_HOURLY: Final = Table(
    "gold", "quality_hourly", "How complete, valid and timely the numeric readings of each series are by hour (UTC), whether or not any came: a function of the tables before it and of the moment up to which was judged.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        _r("hour_at", AT, "Start of the hour, by event time."),
        _r("until_at", AT, "Up to where it was judged: the end of the hour, or earlier while it lasts.", expect="until_at > hour_at"),
        _c("interval_s", "DOUBLE", "Time between readings; null for a series without a rhythm.", unit="s", expect="interval_s is null or interval_s > 0"),
        _c("interval_source", "VARCHAR", "declared: by the registry, for the device. learned: from this day and the one before.", expect="interval_source is null or interval_source in ('declared', 'learned')"),
        _c("expected", "BIGINT", "How many of its intervals ended in the hour; null without a rhythm, or where it is slower than one an hour.", expect="expected is null or expected >= 0"),
        _r("received", "BIGINT", "Readings, each once.", expect="received >= 0"),
        _r("valid", "BIGINT", "Those that count in rollups.", expect="valid + excluded = received"),
        _r("excluded", "BIGINT", "Those that a flag or a rule keeps out."),
        _r("duplicates", "BIGINT", "Readings that were said again."),
        _r("late", "BIGINT", "Readings received more than quality.late_after_minutes after their event time.", expect="late <= received"),
        _r("rejected", "BIGINT", "Rejected messages of the device, received in the hour: the same for all its metrics."),
        _r("inconsistent", "BIGINT", "Readings that break a rule of how values follow each other, or are suspect: suspect_range, spike, rate_of_change, flat_line, clock_step."),
        _r("gaps", "BIGINT", "Gaps that ended in the hour: hits of rules of the kind gap."),
        _c("longest_gap_s", "DOUBLE", "The longest of them.", unit="s"),
        _c("newest_at", AT, "Event time of the newest valid reading of the hour."),
        _c("freshness_s", "DOUBLE", "From it to until_at.", unit="s"),
        _c("fill_rate", "DOUBLE", "Readings of this metric, of those of the metric of which the device sent most in the hour: how often the field was filled.", expect="fill_rate is null or fill_rate between 0 and 1"),
        _c("completeness", "DOUBLE", "received / expected, at most 1.", expect="completeness is null or completeness between 0 and 1"),
        _c("validity", "DOUBLE", "valid / received.", expect="validity is null or validity between 0 and 1"),
        _r("band", "VARCHAR", "By the lesser of both: good from 0.95, warning from 0.80, else poor.", expect="band in ('good', 'warning', 'poor')"),
    ),
    key=("device_id", "metric", "hour_at"), time="hour_at",
)

QUALITY_SCORE: Final = Table(
    "gold", "quality_score", "Scores from 0 to 100 by day (UTC) of each device, site, route and the fleet, with the counters that they are made from.",
    (
        _r("day", "DATE", "The day, by event time; of rejects, by received time."),
        _r("scope", "VARCHAR", "device, site, route or fleet.", expect="scope in ('device', 'site', 'route', 'fleet')"),
        _r("name", "VARCHAR", "Which one; empty for the fleet."),
        _r("devices", "BIGINT", "Devices that it is about."),
        _r("expected", "BIGINT", "Readings expected.", expect="expected >= 0"),
        _r("met", "BIGINT", "Readings received of those expected: by series and hour at most as many.", expect="met between 0 and expected"),
        _r("received", "BIGINT", "Readings received, also where none can be expected."),
        _r("valid", "BIGINT", "Those that count in rollups."),
        _r("rejected", "BIGINT", "Rejected messages."),
        _r("duplicates", "BIGINT", "Readings that were said again."),
        _r("late", "BIGINT", "Readings that came late."),
        _r("inconsistent", "BIGINT", "Readings that break a rule of how values follow each other."),
        *_PARTS,
        _c("score", "DOUBLE", "100 times the mean of the parts that can be told, by the weights of quality.weights.", expect="score is null or score between 0 and 100"),
        _r("band", "VARCHAR", "good above quality.score_good, warning from quality.score_warning, else critical; unknown without a score.", expect="band in ('good', 'warning', 'critical', 'unknown')"),
    ),
    key=("day", "scope", "name"),
)

JUDGED: Final = Table(
    "ops", "judged", "Up to when gold.quality_hourly is judged, and by which weights gold.quality_score is made.",
    (_r("until_at", AT, "Up to when."), _r("weights", "VARCHAR", "JSON of quality.weights.")),
)

DIRTY_HOURS: Final = Table(
    "ops", "dirty_hours", "Hours that were judged and have changed since.",
    (
        _r("device_id", "VARCHAR", "The device; empty for rejects that nobody knows the sender of."),
        _r("hour_at", AT, "Start of the hour."),
    ),
    time="hour_at",
)

RHYTHM: Final = Table(
    "ops", "rhythm", "At which interval each series spoke, by day, as that day and the one before tell.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        _r("day", "DATE", "The day, UTC."),
        _c("interval_s", "DOUBLE", "The interval; null: it had none.", unit="s"),
    ),
    key=("device_id", "metric", "day"),
)

MADE_BY: Final = Table(
    "ops", "made_by", "By which code and settings the rows of each landed day were made, part by part: noted when the day's first messages were settled.",
    (
        _r("landed_on", "DATE", "Day folder of the landed files."),
        _r("part", "VARCHAR", "Part of the code: bronze, silver, rules, rollups, …"),
        _r("version", "VARCHAR", "Fingerprint of that part, and of the settings that it follows."),
    ),
    key=("landed_on", "part"),
)

APPLIED: Final = Table(
    "ops", "applied", "Which batch each write unit has written: the mark set in the very transaction that wrote it.",
    (
        _r("unit", "VARCHAR", "bronze, silver or gold; alerts, status and quality count their own changes, for which there is a publication.", expect="unit in ('bronze', 'silver', 'gold', 'alerts', 'status', 'quality')"),
        _r("batch_id", "BIGINT", "The batch."),
        _r("run_id", "VARCHAR", "The Dagster run that wrote it."),
        _r("rows", "BIGINT", "Rows it brought in."),
        _r("applied_at", AT, "When."),
    ),
    key=("unit", "batch_id"),
)

DIRTY: Final = Table(
    "ops", "dirty", "Minutes whose rollups silver has outdated and gold has yet to heal.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _r("metric", "VARCHAR", "The metric."),
        _r("minute_at", AT, "Start of the minute."),
        _c("since_at", AT, "Received time of the first reading that came or went."),
        _c("until_at", AT, "Received time of the last one."),
        _c("removed", "BOOLEAN", "Whether any went."),
    ),
    time="minute_at",
)

BIRTHS: Final = Table(
    "ops", "births", "What the messages of a topic are read with: births (Sparkplug), as far back as any was landed.",
    (
        _r("topic", "VARCHAR", "Topic of the messages that are read with it."),
        _r("part", "VARCHAR", "Of which of several things it tells, where those messages need more than one birth."),
        _r("received_at", AT, "When the birth was received."),
        _r("message_id", "UUID", "The message that is the birth."),
        _r("value", "BLOB", "What it says, in a form of the convention's own."),
    ),
    key=("topic", "part", "message_id"), time="received_at",
)

REREADS: Final = Table(
    "ops", "rereads", "Messages that silver has yet to read again, since a birth has arrived after them or after others that said the same.",
    (
        _r("message_id", "UUID", "The message."),
        _r("received_at", AT, "When it was received."),
    ),
    key=("message_id",), time="received_at",
)

_SAID: Final = (
    _ORIGIN,
    _r("received_at", AT, "Since when it is said: when the file or the message was received."),
    _c("until_at", AT, "Until when a file declares it; null: it still does, or nobody declares it."),
    _c("message_id", "UUID", "The message that announced it."),
)

DEVICE_FACTS: Final = Table(
    "ops", "device_facts", "Everything that registry files have declared of devices, and devices announced of themselves: what silver.devices is made from.",
    (_r("device_id", "VARCHAR", "The device."), *_DEVICE_FACTS, *_SAID),
)

METRIC_FACTS: Final = Table(
    "ops", "metric_facts", "The same of metrics: what silver.metrics is made from.",
    (_r("device_id", "VARCHAR", "The device."), _r("metric", "VARCHAR", "The metric."), *_METRIC_FACTS, *_SAID),
)

PRUNED: Final = Table(
    "ops", "pruned", "How far back bronze.messages and silver.outcomes reach.",
    (_r("before_at", AT, "Rows received before this were deleted."), _r("pruned_at", AT, "When.")),
)

HISTORY: Final = Table(
    "ops", "history", "Days of silver.readings, gold.readings_1min, gold.readings_1h, gold.readings_1d, gold.quality_hourly and gold.quality_log that the lake holds as sorted Parquet.",
    (
        _r("kind", "VARCHAR", "readings, readings_1min, readings_1h, readings_1d, quality_hourly or quality_log.", expect="kind in ('readings', 'readings_1min', 'readings_1h', 'readings_1d', 'quality_hourly', 'quality_log')"),
        _r("day", "DATE", "The day of the event time, UTC."),
        _r("path", "VARCHAR", "The file, relative to the lake."),
        _r("rows", "BIGINT", "Rows in it."),
        _r("bytes", "BIGINT", "Its size.", unit="B"),
        _r("state", "VARCHAR", "hot: the rows are in the warehouse file too. cold: only in the lake. retired: replaced, deleted after a grace time.", expect="state in ('hot', 'cold', 'retired')"),
        _r("exported_at", AT, "When it was written."),
        _c("retired_at", AT, "Since when no publication names it any more; its grace time counts from here."),
    ),
    key=("path",),
)

TOUCHED_DAYS: Final = Table(
    "ops", "touched_days", "Days that have changed since they were exported, or that never were.",
    (
        _r("kind", "VARCHAR", "As in ops.history."),
        _r("day", "DATE", "The day of the event time, UTC."),
    ),
)

TOUCHED_HOURS: Final = Table(
    "ops", "touched_hours", "Of exported days, the hours of devices that have changed since: the publication takes these from the warehouse file.",
    (
        _r("kind", "VARCHAR", "As in ops.history."),
        _r("hour_at", AT, "Start of the hour, by event time."),
        _r("device_id", "VARCHAR", "The device."),
    ),
)

THAWED: Final = Table(
    "ops", "thawed", "Devices of cold days that are in the warehouse file again: the lake's rows of them count no more.",
    (
        _r("kind", "VARCHAR", "As in ops.history."),
        _r("day", "DATE", "The day of the event time, UTC."),
        _r("device_id", "VARCHAR", "The device."),
    ),
)

FORMULA_DEVICES: Final = Table(
    "ops", "formula_devices", "Kind and site of each device as the derived tables were made with, where a formula asks for either.",
    (
        _r("device_id", "VARCHAR", "The device."),
        _c("kind", "VARCHAR", "Its kind."),
        _c("site", "VARCHAR", "Its site."),
    ),
    key=("device_id",),
)

#: Every table of the warehouse, in the order of the data's journey.
TABLES: Final = MappingProxyType(
    {
        table.full_name: table
        for table in (
            FILES, MESSAGES,
            OUTCOMES, OUTCOME_COUNTS, READINGS, CORRECTIONS, DUPLICATES, DUPLICATE_COUNTS, REJECTS, DEVICES, METRICS,
            SCHEMA_VERSIONS, DEVICE_ROUTES,
            READINGS_1MIN, READINGS_1H, READINGS_1D, LATEST,
            RULE_HITS,
            FORMULAS, DERIVED_1H, DERIVED_1D,
            DEVICE_STATUS, DEVICE_EVENTS, QUALITY_HOURLY, QUALITY_SCORE, QUALITY_LOG, ALERTS,
            APPLIED, DIRTY, DEVICE_FACTS, METRIC_FACTS, BIRTHS, REREADS, PRUNED, HISTORY, TOUCHED_DAYS,
            TOUCHED_HOURS, THAWED, FORMULA_DEVICES,
            RULES, UNJUDGED_DAYS, JUDGED, DIRTY_HOURS, RHYTHM, MADE_BY,
        )
    }
)
