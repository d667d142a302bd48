-- Readings that were said before, listed while their messages are kept and counted for ever; who sent what was rejected.

create table silver.duplicates (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "event_at" TIMESTAMPTZ not null,
    "value" DOUBLE,
    "value_text" VARCHAR,
    "received_at" TIMESTAMPTZ not null,
    "message_id" UUID not null,
    "position" INTEGER not null,
    "landed_on" DATE not null,
    "batch_id" BIGINT not null
);

create table silver.duplicate_counts (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "hour_at" TIMESTAMPTZ not null,
    "landed_on" DATE not null,
    "duplicates" BIGINT not null
);

alter table silver.rejects add column "device_id" VARCHAR;
