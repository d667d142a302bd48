create table gold.device_status (
    device_id varchar not null,
    state varchar not null,
    since_at timestamptz not null,
    last_received_at timestamptz,
    last_event_at timestamptz,
    interval_s double,
    interval_source varchar,
    late_after_s double not null,
    offline_after_s double not null,
    back_at timestamptz,
    battery double,
    battery_bin varchar
);

create table gold.device_events (
    device_id varchar not null,
    happened_at timestamptz not null,
    kind varchar not null,
    before varchar,
    recorded_at timestamptz not null
);

create table gold.quality_log (
    checked_at timestamptz not null,
    run_id varchar not null,
    table_name varchar not null,
    check_name varchar not null,
    passed boolean not null,
    severity varchar not null,
    failing bigint not null,
    facts varchar,
    sample varchar
);

insert into gold.quality_log
select checked_at, run_id, table_name, check_name, passed, 'WARN', failing, null, sample
from ops.check_results
order by checked_at;

drop table ops.check_results;
