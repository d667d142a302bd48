-- builds:  {held}, what holds of the concerned devices and when: what a registry file declares, and where it is silent
--          the last that was announced, field by field
-- from:    ops.{facts}, concerned
-- Devices announce the same again and again; only what differs from the announcement before is looked at closely.
create or replace temp table {held} as
with facts as (
    select * from ops.{facts} semi join concerned using (device_id)
),
declared as (
    select * from facts where origin = 'declared'
),
news as (
    select *
    from (select *, hash({names}) as content from facts where origin = 'announced')
    qualify content is distinct from lag(content) over (partition by {key} order by received_at, message_id)
),
announced as (
    select {key}, received_at, {last_words}
    from news
    window arrival as (partition by {key} order by received_at, message_id rows unbounded preceding)
    qualify row_number() over (partition by {key}, received_at order by message_id desc) = 1
),
edges as (
    select {key}, received_at as from_at from announced
    union
    select {key}, received_at from declared
    union
    select {key}, until_at from declared where until_at is not null
),
spells as (
    select *, lead(from_at) over (partition by {key} order by from_at) as until_at
    from edges
),
said as (
    select
        spells.*,
        if(d.device_id is null, 'announced', 'declared') as origin,
        {words}
    from spells
    left join declared d
        on {same_declared}
        and d.received_at <= spells.from_at
        and (d.until_at is null or d.until_at > spells.from_at)
    asof left join announced a
        on {same_announced}
        and a.received_at <= spells.from_at
    where d.device_id is not null or a.device_id is not null
),
marked as (
    select
        *,
        row(origin, {names}) is distinct from lag(row(origin, {names})) over timeline
            or from_at is distinct from lag(until_at) over timeline as begins
    from said
    window timeline as (partition by {key} order by from_at)
),
numbered as (
    select
        *,
        count(*) filter (begins) over (partition by {key} order by from_at rows unbounded preceding) as spell
    from marked
)
select
    {key},
    {agreed},
    any_value(origin) as origin,
    min(from_at) as valid_from_at,
    if(bool_or(until_at is null), null, max(until_at)) as valid_to_at
from numbered
group by {key}, spell
