-- builds:  rule_series, the rules for each series that is to be judged, with all that they say
-- from:    rules_in_force, {series} (device_id, metric)
create or replace temp table rule_series as
with metrics as (
    select distinct s.metric, r.rule
    from (select distinct metric from ({series})) s
    join (select rule, unnest(metrics) as pattern from rules_in_force) r on s.metric glob r.pattern
),
devices as (
    select distinct s.device_id, r.rule
    from (select distinct device_id from ({series})) s
    join (select rule, unnest(devices) as pattern from rules_in_force where devices <> ['*']) r
        on s.device_id glob r.pattern
)
select s.device_id, s.metric, r.* exclude (metrics, devices)
from ({series}) s
join metrics m using (metric)
join rules_in_force r on r.rule = m.rule
where r.devices = ['*'] or (s.device_id, r.rule) in (select (device_id, rule) from devices)
