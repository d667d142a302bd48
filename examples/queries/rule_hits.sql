-- Which rules are broken how often, by which device, and by how much at worst?
select rule, kind, action, device_id, metric, count(*) as readings, max(abs(measure)) as worst, any_value(bound) as bound,
    min(event_at) as first_at, max(event_at) as last_at
from gold.rule_hits
group by all
order by readings desc, rule, device_id, metric;
