-- builds:  nothing: the metrics of each kind's devices, the kinds with most devices first
-- from:    gold.latest, gold.readings_1d (metrics whose newest reading is a text), gold.derived_1h, silver.devices
-- What holds a character 0 is left out: no SQL can write it.
with kinds as (
    select device_id, arg_max(struct_pack(kind := nullif(kind, '')), valid_from_at).kind as kind
    from silver.devices
    group by device_id
),
sizes as (
    select kind, count(*) as devices from kinds group by kind
),
mixed as (
    select device_id, metric from gold.latest where value is null
),
metrics as (
    select device_id, metric, 'measured' as source, unit from gold.latest where value is not null
    union all
    select distinct device_id, metric, 'measured', null from gold.readings_1d semi join mixed using (device_id, metric)
    union all
    select distinct device_id, metric, 'derived', unit from gold.derived_1h
)
select
    k.kind,
    m.metric,
    m.source,
    if(count(distinct m.unit) = 1, any_value(m.unit), null) as unit
from metrics m
join kinds k using (device_id)
join sizes s on s.kind is not distinct from k.kind
where not contains(concat(k.kind, m.metric, m.unit), chr(0))
group by k.kind, m.metric, m.source, s.devices
order by s.devices desc, k.kind nulls first, lower(m.metric), m.metric, m.source desc
