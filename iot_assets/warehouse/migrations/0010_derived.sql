-- What declared formulas give is kept beside the rollups it is made from.

create table gold.formulas (
    "resolution" VARCHAR not null,
    "metric" VARCHAR not null,
    "place" INTEGER not null,
    "fingerprint" VARCHAR not null,
    "formula" VARCHAR not null,
    "unit" VARCHAR,
    "description" VARCHAR
);

create table gold.derived_1h (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "bucket_at" TIMESTAMPTZ not null,
    "value" DOUBLE not null,
    "unit" VARCHAR,
    "n" BIGINT not null,
    "formula" VARCHAR not null
);

create table gold.derived_1d (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "bucket_at" TIMESTAMPTZ not null,
    "value" DOUBLE not null,
    "unit" VARCHAR,
    "n" BIGINT not null,
    "formula" VARCHAR not null
);

create table ops.formula_devices (
    "device_id" VARCHAR not null,
    "kind" VARCHAR,
    "site" VARCHAR
);
