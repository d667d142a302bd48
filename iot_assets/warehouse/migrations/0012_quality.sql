-- Quality of each series by hour, scores by day, and what they are made from.

create table gold.quality_hourly (
    device_id varchar not null,
    metric varchar not null,
    hour_at timestamptz not null,
    until_at timestamptz not null,
    interval_s double,
    interval_source varchar,
    expected bigint,
    received bigint not null,
    valid bigint not null,
    excluded bigint not null,
    duplicates bigint not null,
    late bigint not null,
    rejected bigint not null,
    inconsistent bigint not null,
    gaps bigint not null,
    longest_gap_s double,
    newest_at timestamptz,
    freshness_s double,
    fill_rate double,
    completeness double,
    validity double,
    band varchar not null
);

create table gold.quality_score (
    day date not null,
    scope varchar not null,
    name varchar not null,
    devices bigint not null,
    expected bigint not null,
    met bigint not null,
    received bigint not null,
    valid bigint not null,
    rejected bigint not null,
    duplicates bigint not null,
    late bigint not null,
    inconsistent bigint not null,
    completeness double,
    validity double,
    uniqueness double,
    timeliness double,
    consistency double,
    score double,
    band varchar not null
);

create table silver.device_routes (
    device_id varchar not null,
    route varchar not null
);

create table ops.dirty_hours (
    device_id varchar not null,
    hour_at timestamptz not null
);

create table ops.rhythm (
    device_id varchar not null,
    metric varchar not null,
    day date not null,
    interval_s double
);

create table ops.judged (
    until_at timestamptz not null,
    weights varchar not null
);
