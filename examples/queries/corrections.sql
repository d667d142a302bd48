-- Which readings were said again with another value: the one that holds now beside each one that it replaced?
select c.device_id, c.metric, c.event_at, c.value as was, r.value as is_now, c.received_at as was_received_at,
    r.received_at as is_received_at
from silver.corrections c
join silver.readings r
    on r.device_id = c.device_id and r.metric = c.metric and r.event_at = c.event_at
    and r.declared_id is not distinct from c.declared_id
order by c.event_at desc, c.device_id, c.metric;
