-- builds:  jumpy, the series in whose dirty minutes a spike or a rate of change may begin or end
-- from:    chain, unclear, rule_series, {hits} (gold.rule_hits there)
create or replace temp table jumpy as
with ours as (
    select * from rule_series where kind in ('spike', 'rate_of_change')
)
select device_id, metric from unclear semi join ours using (device_id, metric)
union
select h.device_id, h.metric from ({hits}) h semi join ours using (device_id, metric)
where h.kind in ('spike', 'rate_of_change') or (h.action = 'exclude' and h.kind in ({alone}))
union
select c.device_id, c.metric
from chain c
join ours o using (device_id, metric)
where abs(c.value - c.before) > case o.kind
    when 'spike' then o."limit"
    else o."limit" * greatest((epoch_us(c.event_at) - epoch_us(c.before_at)) / 1000000, o.over_s)
end
