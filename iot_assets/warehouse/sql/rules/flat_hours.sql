-- builds:  flat_hours, by series and rule the hours whose readings must be judged; unchanged, those of them in which the
--          three hours before tell of no change
-- from:    rule_series, rejudged_minutes, dirty_minutes, {rollups} (gold.readings_1h from three hours before them to as
--          far after them as a flat line reaches, as it was)
-- What the rollups of dirty hours tell is outdated.
create or replace temp table flat_hours as
with ours as (
    select device_id, metric, rule, for_s, tolerance from rule_series where kind = 'flat_line'
),
begun as (
    select distinct o.*, hour_of(m.minute_at) as bucket_at
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

create or replace temp table flat_dirty as
select distinct device_id, metric, hour_of(minute_at) as bucket_at from dirty_minutes;

create or replace temp table unchanged as
select *
from flat_hours
anti join (
    select f.device_id, f.metric, f.rule, f.bucket_at
    from flat_hours f
    join ({rollups}) r
        on r.device_id = f.device_id
        and r.metric = f.metric
        and r.bucket_at < f.bucket_at
        and r.bucket_at >= f.bucket_at - to_seconds(least(f.for_s - 3600, 10800))
    anti join flat_dirty d on d.device_id = r.device_id and d.metric = r.metric and d.bucket_at = r.bucket_at
    where r.n_valid > 0
    group by f.device_id, f.metric, f.rule, f.bucket_at, f.tolerance
    having max(r."max") - min(r."min") > 2 * f.tolerance
) using (device_id, metric, rule, bucket_at)
