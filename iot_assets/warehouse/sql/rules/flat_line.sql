-- builds:  flat_lines, a row per reading and rule where nothing has changed for the rule's for_s
-- from:    flat, rule_series, {readings} (silver.readings there and twice for_s before)
-- QARTOD compares a reading with so many before it; here with all that stand in the {for_us} microseconds before it, and
-- the one before these, at most as long again before it. Of readings of one time all must be the same.
insert into flat_lines
with series as (
    select
        r.device_id,
        r.metric,
        r.event_at,
        r.message_id,
        r.position,
        r.unit,
        r.value,
        min(r.value) over line as low,
        max(r.value) over line as high,
        count(*) over line as readings,
        min({'at': -epoch_us(r.event_at), 'value': r.value}) over before as first_low,
        min({'at': -epoch_us(r.event_at), 'value': -r.value}) over before as first_high
    from ({readings}) r
    where r.value is not null and not list_has_any(r.flags, [{excluding}])
    window
        line as (
            partition by r.device_id, r.metric order by epoch_us(r.event_at)
            range between {for_us} - 1 preceding and current row
        ),
        before as (
            partition by r.device_id, r.metric order by epoch_us(r.event_at)
            range between 2 * {for_us} preceding and {for_us} preceding
        )
)
select
    s.device_id,
    s.metric,
    s.event_at,
    s.message_id,
    s.position,
    u.rule,
    u.kind,
    u.action,
    s.value,
    (epoch_us(s.event_at) + s.first_low.at) / 1000000 as measure,
    u.for_s as bound
from series s
semi join flat f
    on f.device_id = s.device_id
    and f.metric = s.metric
    and f.rule = {rule}
    and f.bucket_at = hour_of(s.event_at)
join rule_series u
    on u.device_id = s.device_id
    and u.metric = s.metric
    and u.rule = {rule}
    and (len(u.units) = 0 or list_contains(u.units, coalesce(s.unit, '')))
where s.first_low is not null
    and s.readings + 1 >= u.least
    and greatest(s.high, -s.first_high.value) - s.value <= u.tolerance
    and s.value - least(s.low, s.first_low.value) <= u.tolerance
