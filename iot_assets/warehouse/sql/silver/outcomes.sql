-- builds:  arriving_outcomes, then silver.outcomes: what became of each message of the batch
-- from:    batch, decoded_outcomes, decoded_readings, redelivered, repeated
create or replace temp table arriving_outcomes as
with held as (
    select row, count(*) as readings from decoded_readings group by row
),
known as (
    select message_id, count(*) as readings from repeated group by message_id
)
select
    b.message_id,
    b.source,
    b.received_at,
    case
        when r.message_id is not null then 'duplicate'
        when o.status <> 'readings' then o.status
        when held.readings > coalesce(known.readings, 0) then 'telemetry'
        else 'duplicate'
    end as outcome,
    o.decoder,
    r.message_id is not null as redelivered,
    coalesce(held.readings, 0)::integer as readings,
    (coalesce(held.readings, 0) - coalesce(known.readings, 0))::integer as new_readings,
    b.landed_on,
    {batch_id}::bigint as batch_id
from batch b
left join decoded_outcomes o using (row)
left join redelivered r using (message_id)
left join held using (row)
left join known using (message_id);

insert into silver.outcomes by name
select * from arriving_outcomes order by received_at, message_id;
