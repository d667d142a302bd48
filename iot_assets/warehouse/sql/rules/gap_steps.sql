-- builds:  gap_steps, by series the times without a sign of life that are longer than any rule for it allows at all
-- from:    chain, late, gap_days, edges, rule_series, {rollups} (gold.readings_1min of gap_days),
--          {hits} (gold.rule_hits that exclude, there): what no rollup counts is a sign of life, too
create or replace temp table gap_steps as
with ours as (
    select device_id, metric, min(for_s) as for_s from rule_series where kind = 'gap' group by device_id, metric
),
signs as (
    select r.device_id, r.metric, r.first_at, r.last_at, true as inside
    from ({rollups}) r
    semi join gap_days g
        on g.device_id = r.device_id and g.metric = r.metric and g.bucket_at = day_of(r.bucket_at)
    where r.n_valid > 0
    union all
    select h.device_id, h.metric, h.event_at, h.event_at, true
    from ({hits}) h
    semi join gap_days g
        on g.device_id = h.device_id and g.metric = h.metric and g.bucket_at = day_of(h.event_at)
    where h.action = 'exclude'
    union all
    select device_id, metric, last_at, last_at, false from edges
),
lined as (
    select
        device_id,
        metric,
        first_at as event_at,
        inside,
        max(last_at) over (
            partition by device_id, metric order by first_at, inside desc
            rows between unbounded preceding and 1 preceding
        ) as before_at
    from signs
),
steps as (
    select device_id, metric, event_at, before_at from lined where inside
    union all
    select device_id, metric, event_at, before_at from chain anti join late using (device_id, metric)
)
select device_id, metric, event_at, max(epoch_us(event_at) - epoch_us(before_at)) as gap_us
from steps
join ours using (device_id, metric)
where epoch_us(event_at) - epoch_us(before_at) > for_s * 1000000
group by device_id, metric, event_at
