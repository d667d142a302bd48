-- The hits of each rule that are farthest beyond its limit; of a sentinel, the newest.
select rule, device_id, metric, event_at, value, measure, bound
from gold.rule_hits
where event_at {span}
qualify row_number() over (
    partition by rule order by abs(measure - bound) desc, event_at desc, device_id, metric
) <= {most}
order by rule, abs(measure - bound) desc, event_at desc, device_id, metric
