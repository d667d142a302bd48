-- What devices announce of themselves, beside what registry files declare; both with their origin.

create table ops.device_facts (
    "device_id" VARCHAR not null,
    "kind" VARCHAR,
    "manufacturer" VARCHAR,
    "model" VARCHAR,
    "site" VARCHAR,
    "lat" DOUBLE,
    "lon" DOUBLE,
    "firmware" VARCHAR,
    "installed_at" TIMESTAMPTZ,
    "expected_interval_s" DOUBLE,
    "attributes" VARCHAR,
    "origin" VARCHAR not null,
    "received_at" TIMESTAMPTZ not null,
    "until_at" TIMESTAMPTZ,
    "message_id" UUID
);

create table ops.metric_facts (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "unit" VARCHAR,
    "min" DOUBLE,
    "max" DOUBLE,
    "description" VARCHAR,
    "origin" VARCHAR not null,
    "received_at" TIMESTAMPTZ not null,
    "until_at" TIMESTAMPTZ,
    "message_id" UUID
);

insert into ops.device_facts ("device_id", "kind", "manufacturer", "model", "site", "lat", "lon", "firmware", "installed_at", "expected_interval_s", "attributes", origin, received_at, until_at)
select "device_id", "kind", "manufacturer", "model", "site", "lat", "lon", "firmware", "installed_at", "expected_interval_s", "attributes", 'declared', valid_from_at, valid_to_at from silver.devices where origin = 'registry';

insert into ops.metric_facts ("device_id", "metric", "unit", "min", "max", "description", origin, received_at, until_at)
select "device_id", "metric", "unit", "min", "max", "description", 'declared', valid_from_at, valid_to_at from silver.metrics;

update silver.devices set origin = 'declared' where origin = 'registry';

create table silver.metrics_with_origin (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "unit" VARCHAR,
    "min" DOUBLE,
    "max" DOUBLE,
    "description" VARCHAR,
    "origin" VARCHAR not null,
    "valid_from_at" TIMESTAMPTZ not null,
    "valid_to_at" TIMESTAMPTZ
);

insert into silver.metrics_with_origin by name
select *, 'declared' as origin from silver.metrics;

drop table silver.metrics;

alter table silver.metrics_with_origin rename to metrics;
