select device_id, metric, event_at, message_id, rule, kind, action, value, measure, bound
from gold.rule_hits
where {scope}
order by event_at desc, device_id, metric, rule
limit $most
