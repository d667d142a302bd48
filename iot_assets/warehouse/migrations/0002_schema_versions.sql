-- Which shapes the messages of each route have. Filled from now on; a rebuild fills in the past.

create table silver.schema_versions (
    "route" VARCHAR not null,
    "shape" VARCHAR not null,
    "landed_on" DATE not null,
    "numbers" VARCHAR[] not null,
    "texts" VARCHAR[] not null,
    "messages" BIGINT not null,
    "first_seen_at" TIMESTAMPTZ not null,
    "last_seen_at" TIMESTAMPTZ not null,
    "example_message_id" UUID not null,
    "example_topic" VARCHAR not null,
    "example_payload" BLOB not null
);
