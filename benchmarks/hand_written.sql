-- What somebody would write who wants the same figures of a fleet that behaves, and nothing else: messages decoded, each
-- reading once, corrected by what came later, rollups by minute, hour and day, newest values. No ledger, rejects, rules,
-- counters or checks, no late data, no second convention; it is run once, on an empty file.
-- {files}: the landed Parquet files.
create schema bronze;
create schema silver;
create schema gold;

create table bronze.messages as
select *, filename as path from read_parquet({files}, filename = true) order by received_at, message_id;

create table silver.readings as
with decoded as (
    select
        split_part(topic, '/', 2) as device_id,
        json_transform(
            try_cast(decode(payload) as json),
            '{"ts": "BIGINT", "temperature": "DOUBLE", "humidity": "DOUBLE", "pressure": "DOUBLE", "battery": "DOUBLE",'
            || ' "rssi": "DOUBLE", "voltage": "DOUBLE"}'
        ) as body,
        received_at,
        message_id
    from bronze.messages
),
long as (
    select
        device_id,
        unnest(['temperature', 'humidity', 'pressure', 'battery', 'rssi', 'voltage']) as metric,
        epoch_ms(body.ts) as event_at,
        unnest([body.temperature, body.humidity, body.pressure, body.battery, body.rssi, body.voltage]) as value,
        received_at,
        message_id
    from decoded
)
select *
from long
where value is not null
qualify row_number() over (
    partition by device_id, metric, event_at order by received_at desc, message_id desc
) = 1
order by event_at;

create table gold.readings_1min as
select
    device_id,
    metric,
    date_trunc('minute', event_at) as bucket_at,
    count(*) as n,
    sum(value::decimal(38, 12)) as "sum",
    sum((value * value)::decimal(38, 12)) as sum_squares,
    avg(value) as mean,
    min(value) as "min",
    max(value) as "max",
    arg_min(value, event_at) as "first",
    min(event_at) as first_at,
    arg_max(value, event_at) as "last",
    max(event_at) as last_at
from silver.readings
group by all
order by bucket_at;

create table gold.readings_1h as
select
    device_id,
    metric,
    date_trunc('hour', bucket_at) as bucket_at,
    sum(n) as n,
    sum("sum") as "sum",
    sum(sum_squares) as sum_squares,
    sum("sum")::double / sum(n) as mean,
    min("min") as "min",
    max("max") as "max",
    arg_min("first", first_at) as "first",
    min(first_at) as first_at,
    arg_max("last", last_at) as "last",
    max(last_at) as last_at
from gold.readings_1min
group by all
order by bucket_at;

create table gold.readings_1d as
select
    device_id,
    metric,
    date_trunc('day', bucket_at) as bucket_at,
    sum(n) as n,
    sum("sum") as "sum",
    sum(sum_squares) as sum_squares,
    sum("sum")::double / sum(n) as mean,
    min("min") as "min",
    max("max") as "max",
    arg_min("first", first_at) as "first",
    min(first_at) as first_at,
    arg_max("last", last_at) as "last",
    max(last_at) as last_at
from gold.readings_1h
group by all
order by bucket_at;

create table gold.latest as
select device_id, metric, arg_max(value, event_at) as value, max(event_at) as event_at, arg_max(message_id, event_at) as message_id
from silver.readings
group by all;
