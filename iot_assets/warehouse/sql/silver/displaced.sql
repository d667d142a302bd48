-- builds:  displaced, messages of earlier batches that lose readings to an earlier arrival, and what they become
-- from:    leaving, {outcomes} (silver.outcomes within the received times of what leaves)
create or replace temp table displaced as
with lost as (
    select message_id, count(*) as readings from leaving where gone group by message_id
)
select
    o.* replace (
        (o.new_readings - lost.readings)::integer as new_readings,
        case when o.new_readings > lost.readings then o.outcome else 'duplicate' end as outcome
    ),
    o.outcome as outcome_before
from ({outcomes}) o
join lost using (message_id)
