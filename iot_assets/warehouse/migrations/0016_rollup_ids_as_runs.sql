-- Ids in rollups are kept as runs, as in silver.readings: the metrics of a message share them.

create table gold.readings_1min_with_runs (
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
    "first_message_id" UUID using compression rle,
    "last" DOUBLE,
    "last_at" TIMESTAMPTZ,
    "last_message_id" UUID using compression rle
);

insert into gold.readings_1min_with_runs by name select * from gold.readings_1min;

drop table gold.readings_1min;

alter table gold.readings_1min_with_runs rename to readings_1min;

create table gold.readings_1h_with_runs (
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
    "first_message_id" UUID using compression rle,
    "last" DOUBLE,
    "last_at" TIMESTAMPTZ,
    "last_message_id" UUID using compression rle
);

insert into gold.readings_1h_with_runs by name select * from gold.readings_1h;

drop table gold.readings_1h;

alter table gold.readings_1h_with_runs rename to readings_1h;
