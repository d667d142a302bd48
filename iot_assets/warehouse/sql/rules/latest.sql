-- builds:  gold.latest.rules, the rules that the newest reading breaks, where that has changed
-- from:    gold.latest, dirty_minutes, moved_hits, gold.rule_hits
update gold.latest
set rules = broken.rules
from (
    select l.device_id, l.metric, coalesce(list_sort(list(distinct h.rule) filter (h.rule is not null)), []) as rules
    from gold.latest l
    semi join (select device_id, metric from dirty_minutes union select device_id, metric from moved_hits) d
        using (device_id, metric)
    left join gold.rule_hits h
        on h.device_id = l.device_id
        and h.metric = l.metric
        and h.event_at = l.event_at
        and h.message_id = l.message_id
        and h.value = l.value
    group by l.device_id, l.metric
) broken
where latest.device_id = broken.device_id
    and latest.metric = broken.metric
    and latest.rules is distinct from broken.rules
