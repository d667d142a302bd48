-- When did texts change (states, modes, versions), and for how long did each hold?
with steps as (
    select device_id, metric, event_at, value_text, lag(value_text) over series as before
    from silver.readings
    where value_text is not null
    window series as (partition by device_id, metric order by event_at)
),
changes as (select * from steps where value_text is distinct from before)
select device_id, metric, event_at as since_at, before, value_text as state,
    lead(event_at) over (partition by device_id, metric order by event_at) - event_at as held_for
from changes
order by since_at desc, device_id, metric;
