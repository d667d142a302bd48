# ruff: noqa: E501 - SQL of a table a line
"""A published month of a made-up fleet, for measuring and photographing the dashboard: rows written by SQL, not sent.

Belongs here: content of tables that looks like a fleet's. Does not: measuring (``dashboard.py``), taking pictures
(``docs/images/take_dashboard.py``).
"""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets.warehouse.connection import Warehouse  # noqa: E402
from iot_assets.warehouse.publish import publish  # noqa: E402

#: {devices} and {days} are numbers, {now} an instant.
FILL = """
create temp table fleet as
select
    n,
    kind || '-' || lpad(n::varchar, 4, '0') as device_id,
    kind,
    ['harbour', 'city hall', 'greenhouse', 'depot', 'school'][1 + (n * 7) % 5] as site,
    48.12 + ((n * 7) % 5) * 0.031 + (hash(n) % 1000) / 60000.0 as lat,
    11.48 + (((n * 7) % 5) * 2 % 5) * 0.047 + (hash(n + 9) % 1000) / 45000.0 as lon
from (select n, ['climate', 'meter', 'pump', 'freezer'][1 + (hash(n) % 4)::int] as kind from range({devices}) r(n));

create temp table series as
select f.*, metric, unit, base, swing
from fleet f
join (values
    ('climate', 'temperature', 'Cel', 21.0, 3.0), ('climate', 'humidity', '%', 48.0, 9.0),
    ('meter', 'power', 'W', 820.0, 600.0), ('meter', 'voltage', 'V', 230.0, 2.5),
    ('pump', 'flow', 'l/min', 36.0, 12.0), ('pump', 'power', 'W', 400.0, 220.0),
    ('freezer', 'temperature', 'Cel', -18.5, 1.2), ('freezer', 'door', null, 0.2, 0.4)
) m(kind, metric, unit, base, swing) using (kind);

create temp macro measured(base, swing, n, moment) as
    base + swing * sin(2 * pi() * (hour(moment) - 8) / 24.0 + (n % 7) / 5.0)
    + swing * 0.4 * sin(2 * pi() * dayofyear(moment) / 9.0)
    + swing * 0.25 * ((hash(n, moment) % 1000) / 500.0 - 1);

insert into silver.devices by name
select device_id, kind, 'Example Works' as manufacturer, kind || ' 2' as model, site, lat, lon, '1.4.' || n % 3 as firmware,
    60.0 as expected_interval_s, 'declared' as origin, {now} - to_days({days}) as valid_from_at,
    {now} - to_days({days}) as first_seen_at, {now} - to_seconds(n % 50) as last_seen_at
from fleet;

create temp table buckets as
select device_id, metric, bucket_at, width, v, sw, if(width = 60, 1, if(width = 3600, 60, 1440)) as n
from (
    select s.device_id, s.metric, bucket_at, width, measured(base, swing, s.n, bucket_at) as v,
        swing * if(width = 60, 0.05, if(width = 3600, 0.2, 1)) as sw
    from series s, (
        select date_trunc('hour', {now}) - to_hours(h) as bucket_at, 3600 as width from range({days} * 24) r(h)
        union all select date_trunc('minute', {now}) - to_minutes(m), 60 from range(1440) r(m)
        union all select date_trunc('day', {now}) - to_days(d::int), 86400 from range({days}) r(d)
    )
    where not (s.n % 17 = 3 and hour(bucket_at) between 2 and 4 and width < 86400)
);
create temp macro filled(which) as table
select device_id, metric, bucket_at, n, n as n_valid, 0 as n_excluded, (v * n)::decimal(38, 12) as "sum",
    (v * v * n)::decimal(38, 12) as sum_squares, v as mean, v - sw as "min", v + sw as "max", v as "first",
    bucket_at as first_at, uuid() as first_message_id, v as "last", bucket_at as last_at, uuid() as last_message_id
from buckets where width = which;
insert into gold.readings_1min by name from filled(60);
insert into gold.readings_1h by name from filled(3600);
insert into gold.readings_1d by name from filled(86400);

insert into silver.readings by name
select device_id, metric, moment as event_at, measured(base, swing, n, moment) as value, unit,
    if(hash(n, moment) % 311 = 0, ['out_of_range'], []) as flags, 'payload' as event_at_source,
    moment + interval 1 second as received_at, uuid() as message_id, 0 as position, 1 as batch_id, []::varchar[] as from_registry
from series, (select {now} - to_minutes(m) as moment from range({raw}) r(m))
where not (n % 17 = 3 and hour(moment) between 2 and 4);

insert into gold.latest by name
select device_id, metric, event_at, value, value_text, unit, flags, received_at, message_id from silver.readings
qualify row_number() over (partition by device_id, metric order by event_at desc) = 1;

insert into gold.device_status by name
select device_id, case when n % 41 = 5 then 'offline' when n % 23 = 4 then 'late' when n % 97 = 11 then 'never_seen'
    else 'online' end as state, {now} - to_minutes(20 + (n % 300)) as since_at,
    if(n % 97 = 11, null, {now} - to_seconds(n % 50)) as last_received_at, last_received_at as last_event_at, 60.0 as interval_s,
    'declared' as interval_source, 120.0 as late_after_s, 600.0 as offline_after_s,
    (n * 13 % 100)::double as battery, 'high' as battery_bin
from fleet;
insert into gold.device_events by name
select device_id, {now} - to_hours(h * 31 + n % 29) as happened_at, if(h % 2 = 0, 'online', 'offline') as kind,
    if(h % 2 = 0, 'offline', 'online') as "before", {now} - to_hours(h * 31 + n % 29) as recorded_at
from fleet, range({days} * 24 // 40) r(h) where n % 6 = 2;

insert into gold.rule_hits by name
select s.device_id, s.metric, {now} - to_minutes(k * 53 + n % 47) as event_at, uuid() as message_id, 0 as position,
    ['no spikes', 'plausible', 'no sentinel'][1 + (hash(n, k) % 3)::int] as rule,
    ['spike', 'range', 'sentinel'][1 + (hash(n, k) % 3)::int] as kind, 'exclude' as action,
    base + swing * 4 as value, swing * 4 as measure, swing * 3 as bound
from series s, range({days} * 20) r(k) where hash(s.device_id, s.metric, k) % 211 = 0;

insert into silver.rejects by name
select uuid() as message_id, 'devices/' || device_id || '/up' as topic, 'mqtt' as source,
    {now} - to_minutes(k * 37) as received_at,
    ['malformed_json', 'no_route', 'not_utf8', 'breaks_convention'][1 + least(k % 7, 3)] as reason,
    'line 1 column ' || k % 40 || ': a value was expected' as detail, ('{"temperature": ' || k)::blob as payload,
    'json' as decoder, 1 as attempts, 1 as batch_id, device_id
from range(600) r(k) join fleet on n = k * 13 % {devices};

insert into silver.outcome_counts by name
select 'mqtt' as source, moment as minute_at, outcome, moment::date as landed_on, messages
from (
    select date_trunc('minute', {now}) - to_minutes(m) as moment from range(least({days} * 1440, 43200)) r(m)
), (values ('telemetry', {devices}), ('duplicate', {devices} / 60.0), ('rejected', {devices} / 90.0)) o(outcome, most)
, lateral (select floor(most * (0.9 + (hash(moment, outcome) % 200) / 1000.0) + (hash(outcome, moment) % 100) / 100.0)::bigint as messages) where messages > 0;

insert into gold.quality_hourly by name
select device_id, metric, bucket_at as hour_at, bucket_at + interval 1 hour as until_at, 60.0 as interval_s,
    'declared' as interval_source, 60 as expected, n60 as received, n60 as valid, 0 as excluded, 0 as duplicates,
    0 as late, 0 as rejected, 0 as inconsistent, 0 as gaps, n60 / 60.0 as completeness, 1.0 as validity, 'good' as band,
    1.0 as fill_rate, bucket_at as newest_at, 30.0 as freshness_s
from (
    select s.device_id, s.metric, h.bucket_at,
        if(s.n % 17 = 3 and hour(h.bucket_at) between 2 and 4, 0, 60 - (if(hash(s.n, h.bucket_at) % 7 = 0,
            hash(s.n) % 40, hash(s.n, h.bucket_at) % 2))::int) as n60
    from series s, (select date_trunc('hour', {now}) - to_hours(h) as bucket_at from range({days} * 24) r(h)) h
);
insert into gold.quality_score by name
with scopes as (
    select 'fleet' as scope, '' as name, 0 as k union all
    select 'site', site, row_number() over () from (select distinct site from fleet) union all
    select 'device', device_id, n from fleet
), days as (select ({now}::date - d::int) as day, d from range({days}) r(d)),
parts as (
    select day, scope, name, 0.955 + 0.03 * sin(d / 4.0 + k) + (hash(k, d) % 100) / 10000.0 as completeness,
        0.975 + 0.015 * cos(d / 3.0) as validity, 0.985 - (hash(d, k) % 100) / 9000.0 as uniqueness,
        0.99 - 0.05 * (d % 11 = 4)::int as timeliness, 0.97 + (hash(d, 3) % 100) / 5000.0 as consistency
    from scopes, days
)
select *, 100 * (completeness + validity + uniqueness + timeliness + consistency) / 5 as score,
    if(score > 97, 'good', 'warning') as band, 1 as devices, 1440 as expected, 1400 as met, 1400 as received,
    1390 as valid, 3 as rejected, 4 as duplicates, 2 as late, 5 as inconsistent
from parts;

insert into gold.quality_log by name
select {now} - to_minutes(m) as checked_at, 'a1b2c3d4-0000-4000-8000-' || lpad((m)::varchar, 12, '0') as run_id,
    table_name, check_name, not (m < 3 and check_name = 'known_devices') as passed,
    if(check_name = 'contract', 'ERROR', 'WARN') as severity,
    if(m < 3 and check_name = 'known_devices', 7, 0) as failing, '{}' as facts, '[]' as sample
from range(240) r(m), (values ('bronze.files', 'contract'), ('silver.readings', 'contract'),
    ('silver.readings', 'known_devices'), ('gold.readings_1h', 'contract'), ('gold.latest', 'not_in_future')) c(table_name, check_name);

insert into gold.alerts by name
select 'a' || k as alert_id, cause, about, severity, summary, '[]' as items, 1 as "count", 'open' as state,
    {now} - to_minutes(k * 40) as since_at, {now} - to_minutes(k * 40 - 2) as raised_at, null as resolved_at,
    {now} as told_at, null as acknowledged_at, null as acknowledged_by, null as note
from (values (1, 'devices', 'harbour', 'critical', '3 devices at harbour are offline: pump-0005, climate-0046, meter-0087'),
    (2, 'checks', 'silver.readings', 'warning', 'a check of silver.readings fails: known_devices (7 rows)')) a(k, cause, about, severity, summary);

insert into bronze.files by name
select m + 1 as file_id, 'landed/date=' || strftime(moment, '%Y-%m-%d') || '/hour=' || strftime(moment, '%H') || '/f-' || m as path,
    'lander' as lander, moment::date as landed_on, 'entered' as state, {devices} as "rows", {devices} * 61 as bytes,
    moment - interval 61 second as first_received_at, moment as last_received_at,
    moment + to_milliseconds((2500 + hash(m) % 3000)::bigint) as entered_at, 1 as batch_id
from (select m, {now} - to_minutes(m) as moment from range(least({days} * 1440, 43200)) r(m));

insert into silver.schema_versions by name
select 'devices/+/up' as route, 's' || k as shape, {now}::date - (12 - k * 4)::int as landed_on, numbers, []::varchar[] as texts,
    5000 * (4 - k) as messages, {now} - to_days((12 - k * 4)::int) as first_seen_at, {now} as last_seen_at,
    uuid() as example_message_id, 'devices/climate-0001/up' as example_topic, '{"temperature": 21.5}'::blob as example_payload
from (values (1, ['humidity', 'temperature']), (2, ['battery', 'humidity', 'temperature']), (3, ['temp'])) v(k, numbers);
insert into ops.applied by name
select unit, 1 as batch_id, 'world' as run_id, 0 as "rows", now() as applied_at from (values ('bronze'), ('silver'), ('gold')) u(unit);
"""


def make(folder: Path, *, devices: int, days: int) -> DataPaths:
    """A data folder with a published copy that holds this world up to now."""
    paths = DataPaths(folder)
    now = f"timestamptz '{datetime.now(UTC):%Y-%m-%d %H:%M:%S}+00'"
    raw = 1440 if devices <= 200 else 180
    named = {"devices": devices, "days": days, "now": now, "raw": raw}
    fill = FILL
    for name, value in named.items():
        fill = fill.replace("{" + name + "}", str(value))
    with Warehouse(paths.warehouse).connect() as connection:
        connection.execute("set TimeZone = 'UTC'")
        connection.execute(fill)
        publish(connection, paths.serving, whole_rows=5_000_000, recent_days=1)
    return paths


if __name__ == "__main__":
    print(make(Path(sys.argv[1]), devices=int(sys.argv[2]), days=int(sys.argv[3])).serving)
