-- Births, without which other messages cannot be read, and what must be read again when one arrives late.

create table ops.births (
    "topic" VARCHAR not null,
    "part" VARCHAR not null,
    "received_at" TIMESTAMPTZ not null,
    "message_id" UUID not null,
    "value" BLOB not null
);

create table ops.rereads (
    "message_id" UUID not null,
    "received_at" TIMESTAMPTZ not null
);
