-- The store of alerts: SQLite, since several processes write a row now and then, and each must survive a kill.
-- Instants are ISO 8601 texts in UTC, all of one width, so that they sort; lists and bodies are JSON.

create table alerts (
    alert_id text primary key,
    cause text not null,
    about text not null,
    severity text not null,
    summary text not null,
    items text not null,
    count integer not null,
    state text not null,
    since_at text not null,
    seen_at text not null,
    gone_at text,
    raised_at text,
    resolved_at text,
    told_at text,
    told_count integer not null,
    told_severity text,
    acknowledged_at text,
    acknowledged_by text,
    note text
);
create index alerts_by_key on alerts (cause, about, state);

-- What is to be told, by whom: written with the change of the alert in one transaction, so that none is ever lost.
create table notices (
    notice_id text primary key,
    alert_id text,
    channel text not null,
    kind text not null,
    severity text not null,
    severity_rank integer not null,
    body text not null,
    created_at text not null,
    not_before_at text not null,
    attempts integer not null default 0,
    sent_at text,
    dropped_at text
);
create index notices_unsent on notices (channel, sent_at, dropped_at);
create index notices_of_alert on notices (alert_id);

create table channels (
    channel text primary key,
    failing_since_at text,
    failures integer not null default 0,
    next_try_at text,
    problem text,
    sent integer not null default 0,
    last_sent_at text,
    dropped integer not null default 0
);

-- What other processes have to say: Dagster's sensor of failed runs.
create table reports (
    cause text not null,
    about text not null,
    summary text not null,
    item text not null,
    reported_at text not null
);

-- What looks must remember from one to the next: counters that only ever grow, samples of the disk.
create table memory (
    name text primary key,
    value text not null
);
