-- builds:  flat_hours, by series and rule the hours whose readings must be judged; flat of them those that may hold a
--          flat line, because no hour within reach has told of change
-- from:    rule_series, rejudged_minutes, {rollups} (gold.readings_1h around, as it was), {readings} (silver.readings
--          of the dirty minutes' hours: what their rollups tell is outdated)
create or replace temp table flat_hours as
with ours as (
    select device_id, metric, rule, for_s, tolerance from rule_series where kind = 'flat_line'
),
begun as (
    select distinct o.*, date_trunc('hour', m.minute_at) as bucket_at
    from rejudged_minutes m
    join ours o using (device_id, metric)
)
select * from begun
union
select b.device_id, b.metric, b.rule, b.for_s, b.tolerance, r.bucket_at
from begun b
join ({rollups}) r
    on r.device_id = b.device_id
    and r.metric = b.metric
    and r.bucket_at > b.bucket_at
    and r.bucket_at <= b.bucket_at + to_seconds(2 * b.for_s + 3600);

create or replace temp table flat as
with dirty as (
    select distinct device_id, metric, date_trunc('hour', minute_at) as bucket_at from rejudged_minutes
),
told as (
    select r.device_id, r.metric, r.bucket_at, r."min", r."max"
    from ({rollups}) r
    anti join dirty d on d.device_id = r.device_id and d.metric = r.metric and d.bucket_at = r.bucket_at
    where r.n_valid > 0
    union all
    select r.device_id, r.metric, date_trunc('hour', r.event_at) as bucket_at, min(r.value), max(r.value)
    from ({readings}) r
    semi join dirty d
        on d.device_id = r.device_id
        and d.metric = r.metric
        and d.bucket_at = date_trunc('hour', r.event_at)
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
    group by all
),
changing as (
    select f.device_id, f.metric, f.rule, f.bucket_at
    from flat_hours f
    join told t
        on t.device_id = f.device_id
        and t.metric = f.metric
        and t.bucket_at < f.bucket_at
        and t.bucket_at >= f.bucket_at - to_seconds(f.for_s - 3600)
    group by f.device_id, f.metric, f.rule, f.bucket_at, f.tolerance
    having max(t."max") - min(t."min") > 2 * f.tolerance
)
select * from flat_hours anti join changing using (device_id, metric, rule, bucket_at)
