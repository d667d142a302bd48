-- Readings that break a rule, and the rules that they were judged by.

create table gold.rule_hits (
    "device_id" VARCHAR not null,
    "metric" VARCHAR not null,
    "event_at" TIMESTAMPTZ not null,
    "message_id" UUID not null,
    "position" INTEGER not null,
    "rule" VARCHAR not null,
    "kind" VARCHAR not null,
    "action" VARCHAR not null,
    "value" DOUBLE not null,
    "measure" DOUBLE not null,
    "bound" DOUBLE not null
);

create table ops.rules (
    "fingerprint" VARCHAR not null
);
