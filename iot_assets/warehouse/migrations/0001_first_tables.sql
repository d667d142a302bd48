-- The first tables. A migration never changes once it is released: what comes later goes into the next number.

create schema if not exists bronze;
create schema if not exists silver;
create schema if not exists gold;
create schema if not exists ops;

create table bronze.files (
    "file_id" BIGINT not null,
    "path" VARCHAR not null,
    "lander" VARCHAR not null,
    "landed_on" DATE not null,
    "state" VARCHAR not null,
    "problem" VARCHAR,
    "rows" BIGINT not null,
    "bytes" BIGINT not null,
    "first_message_id" UUID,
    "last_message_id" UUID,
    "first_received_at" TIMESTAMPTZ,
    "last_received_at" TIMESTAMPTZ,
    "entered_at" TIMESTAMPTZ not null,
    "batch_id" BIGINT not null
);

create table bronze.messages (
    "message_id" UUID not null,
    "source" VARCHAR not null,
    "topic" VARCHAR not null,
    "payload" BLOB not null,
    "content_type" VARCHAR,
    "attributes" VARCHAR,
    "qos" TINYINT not null,
    "retain" BOOLEAN not null,
    "dup" BOOLEAN not null,
    "packet_id" INTEGER not null,
    "session" INTEGER not null,
    "received_at" TIMESTAMPTZ not null,
    "file_id" BIGINT not null,
    "batch_id" BIGINT not null
);

create table silver.outcomes (
    "message_id" UUID not null,
    "source" VARCHAR not null,
    "received_at" TIMESTAMPTZ not null,
    "outcome" VARCHAR not null,
    "decoder" VARCHAR,
    "redelivered" BOOLEAN not null,
    "readings" INTEGER not null,
    "new_readings" INTEGER not null,
    "landed_on" DATE not null,
    "batch_id" BIGINT not null
);

create table silver.outcome_counts (
    "source" VARCHAR not null,
    "minute_at" TIMESTAMPTZ not null,
    "outcome" VARCHAR not null,
    "landed_on" DATE not null,
    "messages" BIGINT not null
);

create table silver.readings (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "event_at" TIMESTAMPTZ not null,
    "value" DOUBLE,
    "value_text" VARCHAR,
    "unit" VARCHAR,
    "flags" VARCHAR[] not null,
    "event_at_source" VARCHAR not null,
    "time_text" VARCHAR,
    "received_at" TIMESTAMPTZ not null,
    "message_id" UUID not null,
    "position" INTEGER not null,
    "batch_id" BIGINT not null,
    "from_registry" VARCHAR[] not null
);

create table silver.corrections (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "event_at" TIMESTAMPTZ not null,
    "value" DOUBLE,
    "value_text" VARCHAR,
    "unit" VARCHAR,
    "flags" VARCHAR[] not null,
    "event_at_source" VARCHAR not null,
    "time_text" VARCHAR,
    "received_at" TIMESTAMPTZ not null,
    "message_id" UUID not null,
    "position" INTEGER not null,
    "batch_id" BIGINT not null,
    "from_registry" VARCHAR[] not null
);

create table silver.rejects (
    "message_id" UUID not null,
    "topic" VARCHAR not null,
    "source" VARCHAR not null,
    "received_at" TIMESTAMPTZ not null,
    "reason" VARCHAR not null,
    "detail" VARCHAR,
    "payload" BLOB not null,
    "decoder" VARCHAR,
    "attempts" INTEGER not null,
    "replayed_at" TIMESTAMPTZ,
    "batch_id" BIGINT not null
);

create table silver.devices (
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
    "valid_from_at" TIMESTAMPTZ not null,
    "valid_to_at" TIMESTAMPTZ,
    "first_seen_at" TIMESTAMPTZ,
    "last_seen_at" TIMESTAMPTZ
);

create table silver.metrics (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "unit" VARCHAR,
    "min" DOUBLE,
    "max" DOUBLE,
    "description" VARCHAR,
    "valid_from_at" TIMESTAMPTZ not null,
    "valid_to_at" TIMESTAMPTZ
);

create table gold.readings_1min (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "bucket_at" TIMESTAMPTZ not null,
    "n" BIGINT not null,
    "n_valid" BIGINT not null,
    "n_excluded" BIGINT not null,
    "sum" DECIMAL(38,12),
    "sum_squares" DECIMAL(38,12),
    "mean" DOUBLE,
    "min" DOUBLE,
    "max" DOUBLE,
    "first" DOUBLE,
    "first_at" TIMESTAMPTZ,
    "first_message_id" UUID,
    "last" DOUBLE,
    "last_at" TIMESTAMPTZ,
    "last_message_id" UUID
);

create table gold.readings_1h (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "bucket_at" TIMESTAMPTZ not null,
    "n" BIGINT not null,
    "n_valid" BIGINT not null,
    "n_excluded" BIGINT not null,
    "sum" DECIMAL(38,12),
    "sum_squares" DECIMAL(38,12),
    "mean" DOUBLE,
    "min" DOUBLE,
    "max" DOUBLE,
    "first" DOUBLE,
    "first_at" TIMESTAMPTZ,
    "first_message_id" UUID,
    "last" DOUBLE,
    "last_at" TIMESTAMPTZ,
    "last_message_id" UUID
);

create table gold.readings_1d (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "bucket_at" TIMESTAMPTZ not null,
    "n" BIGINT not null,
    "n_valid" BIGINT not null,
    "n_excluded" BIGINT not null,
    "sum" DECIMAL(38,12),
    "sum_squares" DECIMAL(38,12),
    "mean" DOUBLE,
    "min" DOUBLE,
    "max" DOUBLE,
    "first" DOUBLE,
    "first_at" TIMESTAMPTZ,
    "first_message_id" UUID,
    "last" DOUBLE,
    "last_at" TIMESTAMPTZ,
    "last_message_id" UUID
);

create table gold.latest (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "event_at" TIMESTAMPTZ not null,
    "value" DOUBLE,
    "value_text" VARCHAR,
    "unit" VARCHAR,
    "flags" VARCHAR[] not null,
    "received_at" TIMESTAMPTZ not null,
    "message_id" UUID not null
);

create table ops.applied (
    "unit" VARCHAR not null,
    "batch_id" BIGINT not null,
    "run_id" VARCHAR not null,
    "rows" BIGINT not null,
    "applied_at" TIMESTAMPTZ not null
);

create table ops.dirty (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "minute_at" TIMESTAMPTZ not null
);

create table ops.check_results (
    "run_id" VARCHAR not null,
    "table_name" VARCHAR not null,
    "check_name" VARCHAR not null,
    "passed" BOOLEAN not null,
    "failing" BIGINT not null,
    "sample" VARCHAR,
    "checked_at" TIMESTAMPTZ not null
);

create table ops.pruned (
    "before_at" TIMESTAMPTZ not null,
    "pruned_at" TIMESTAMPTZ not null
);

create table ops.history (
    "kind" VARCHAR not null,
    "day" DATE not null,
    "path" VARCHAR not null,
    "rows" BIGINT not null,
    "bytes" BIGINT not null,
    "state" VARCHAR not null,
    "exported_at" TIMESTAMPTZ not null,
    "retired_at" TIMESTAMPTZ
);

create table ops.touched_days (
    "kind" VARCHAR not null,
    "day" DATE not null
);
