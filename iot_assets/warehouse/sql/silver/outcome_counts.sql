-- builds:  silver.outcome_counts, the books, by what this batch adds and moves
-- from:    arriving_outcomes, displaced, withdrawn, {counts} (silver.outcome_counts within the touched minutes)
create or replace temp table changed_counts as
with changes as (
    select source, received_at, outcome, landed_on, 1 as messages from arriving_outcomes
    union all
    select source, received_at, outcome, landed_on, 1 from displaced where outcome <> outcome_before
    union all
    select source, received_at, outcome_before, landed_on, -1 from displaced where outcome <> outcome_before
    union all
    select source, received_at, outcome, landed_on, -1 from withdrawn
),
moved as (
    select source, minute_of(received_at) as minute_at, outcome, landed_on, sum(messages) as messages
    from changes
    group by all
)
select
    moved.source,
    moved.minute_at,
    moved.outcome,
    moved.landed_on,
    (moved.messages + coalesce(c.messages, 0))::bigint as messages
from moved
left join ({counts}) c
    on c.source = moved.source
    and c.minute_at = moved.minute_at
    and c.outcome = moved.outcome
    and c.landed_on = moved.landed_on
where moved.messages <> 0
