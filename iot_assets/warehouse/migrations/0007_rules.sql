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

-- Days that are yet to be judged by the rules in force; of a large day a part of the devices.
create table ops.unjudged_days (
    "day" DATE not null,
    "part" BIGINT not null,
    "parts" BIGINT not null
);

alter table gold.latest add column "rules" VARCHAR[];

-- What gold.rule_hits depends on besides the minute: the received times of what came or went in it.
alter table ops.dirty add column "since_at" TIMESTAMPTZ;
alter table ops.dirty add column "until_at" TIMESTAMPTZ;
alter table ops.dirty add column "removed" BOOLEAN;
