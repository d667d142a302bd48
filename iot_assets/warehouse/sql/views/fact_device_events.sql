-- builds:  gold.fact_device_events
-- from:    silver.devices (joined, registry_change), silver.readings (birth, death), gold.device_events (changes of
--          state), gold.rule_hits (rule_hit), gold.alerts (alarm), gold.dim_device
-- A birth or death is a change of the metric online. Hits of a rule that are at most an hour apart are one event.
with sayings as (
    select
        device_id,
        event_at,
        value,
        lag(value) over (partition by device_id order by event_at, received_at, message_id, position) as before
    from silver.readings
    where metric = 'online' and value in (0, 1)
),
hits as (
    select
        *,
        epoch_us(event_at) - lag(epoch_us(event_at)) over (
            partition by device_id, metric, rule order by event_at, message_id, position
        ) as apart_us
    from gold.rule_hits
),
runs as (
    select
        *,
        count(*) filter (apart_us is null or apart_us > 3600000000) over (
            partition by device_id, metric, rule order by event_at, message_id, position
            rows unbounded preceding
        ) as run
    from hits
),
alarms as (
    select
        *,
        unnest(case when cause like 'device\_%' escape '\' then from_json(items, '["varchar"]') else [null] end)
            as device_id
    from gold.alerts
),
events as (
    select
        device_id,
        min(first_seen_at) as happened_at,
        null::timestamptz as until_at,
        'joined' as kind,
        null as subject,
        null as metric,
        1::bigint as count,
        null as summary
    from silver.devices
    group by device_id
    having min(first_seen_at) is not null
    union all
    select device_id, valid_from_at, null, 'registry_change', origin, null, 1, null
    from gold.dim_device
    where version > 1
    union all
    select device_id, event_at, null, case when value = 1 then 'birth' else 'death' end, null, null, 1, null
    from sayings
    where value is distinct from before
    union all
    select device_id, happened_at, null, kind, before, null, 1, null
    from gold.device_events
    union all
    select device_id, min(event_at), max(event_at), 'rule_hit', rule, metric, count(*), null
    from runs
    group by device_id, metric, rule, run
    union all
    select device_id, raised_at, resolved_at, 'alarm', cause, null, 1, summary
    from alarms
)
select
    d.device_key,
    e.device_id,
    to_timestamp(epoch_us(e.happened_at) // 3600000000 * 3600) as hour_at,
    e.happened_at,
    e.until_at,
    e.kind,
    e.subject,
    e.metric,
    e.count,
    e.summary
from events e
left join ({device_keys}) d on d.device_id = e.device_id and e.happened_at >= d.from_at and e.happened_at < d.until_at
