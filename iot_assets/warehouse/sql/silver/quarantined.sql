-- builds:  quarantined, the arriving readings that a rule of action quarantine keeps out, with the first such rule
-- from:    arriving, batch, rule_series
create or replace temp table quarantined as
with broken as (
    select
        b.row,
        a.message_id,
        a.position,
        a.device_id,
        a.metric,
        a.value,
        u.rule,
        case
            when u.kind <> 'sentinel' and a.value < u.low then u.low
            when u.kind <> 'sentinel' and a.value > u.high then u.high
            when u.kind = 'sentinel' and list_contains(u.sentinels, a.value) then a.value
        end as bound
    from arriving a
    join batch b using (message_id)
    join rule_series u
        on u.device_id = a.device_id
        and u.metric = a.metric
        and (len(u.units) = 0 or list_contains(u.units, coalesce(a.unit, '')))
    where a.value is not null and not list_has_any(a.flags, [{excluding}])
)
select *
from broken
where bound is not null
qualify row_number() over (partition by message_id, position order by rule) = 1;

create or replace temp table arriving_others as
select * from arriving where (message_id, position) not in (select (message_id, position) from quarantined);
create or replace temp view arriving as from arriving_others;

create or replace temp table decoded_others as
select * from decoded_readings where (row, position) not in (select (row, position) from quarantined);
create or replace temp view decoded_readings as from decoded_others;

-- A message has one reject at most: what its decoder could not read of it is told first.
insert into decoded_rejects by name
select
    q.row,
    'quarantined' as reason,
    string_agg(
        q.metric || ' = ' || q.value || ' breaks rule ' || q.rule || if(q.bound = q.value, '', ' (limit ' || q.bound || ')'),
        '; ' order by q.position
    ) as detail,
    any_value(o.decoder) as decoder,
    min(q.device_id) as device_id
from quarantined q
join decoded_outcomes o using (row)
where q.row not in (select row from decoded_rejects)
group by q.row;

update decoded_outcomes
set status = 'rejected'
where row in (select row from quarantined) and row not in (select row from decoded_readings)
