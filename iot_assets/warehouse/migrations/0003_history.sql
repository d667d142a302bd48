-- Days of silver.readings and gold.readings_1min in the lake.

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
