-- builds:  suspects, the series in whose minutes to be judged again a value alone may break a rule, or was said to
-- from:    rule_series, {readings} (silver.readings of these minutes, or more), {hits} (gold.rule_hits there)
-- The least and the greatest value of a series tell that the others are right, too.
create or replace temp table suspects as
with extremes as (
    select device_id, metric, coalesce(unit, '') as unit, min(value) as lo, max(value) as hi
    from ({readings})
    where value is not null
    group by all
)
select e.device_id, e.metric
from extremes e
join rule_series u
    on u.device_id = e.device_id
    and u.metric = e.metric
    and u.kind in ({kinds})
    and (len(u.units) = 0 or list_contains(u.units, e.unit))
where case
    when u.kind = 'sentinel' then len(list_filter(u.sentinels, lambda sentinel: sentinel between e.lo and e.hi)) > 0
    else e.lo < u.low or e.hi > u.high
end
union
select device_id, metric from ({hits}) where kind in ({kinds})
