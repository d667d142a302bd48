-- What people were told is kept for ever, beside what it was about.

create table gold.alerts (
    "alert_id" VARCHAR not null,
    "cause" VARCHAR not null,
    "about" VARCHAR not null,
    "severity" VARCHAR not null,
    "summary" VARCHAR not null,
    "items" VARCHAR not null,
    "count" BIGINT not null,
    "state" VARCHAR not null,
    "since_at" TIMESTAMPTZ not null,
    "raised_at" TIMESTAMPTZ not null,
    "resolved_at" TIMESTAMPTZ,
    "told_at" TIMESTAMPTZ,
    "acknowledged_at" TIMESTAMPTZ,
    "acknowledged_by" VARCHAR,
    "note" VARCHAR
);
