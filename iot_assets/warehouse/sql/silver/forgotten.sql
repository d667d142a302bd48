-- builds:  forgotten, the rows of silver that messages of the forgotten files brought
-- from:    forgotten_files, {readings}, {corrections} (silver's rows received while those files were written)
-- Of their columns those by which rollups may be outdated: a day's readings are many, and must have room.
-- The ids of a file's messages form a range that no other file's overlaps, so the nearest start below decides.
create or replace temp table forgotten as
with content as (
    select first_message_id, last_message_id from forgotten_files where first_message_id is not null
)
select 'readings' as place, {columns}
from ({readings}) r
asof join content on r.message_id >= content.first_message_id
where r.message_id <= content.last_message_id
union all
select 'corrections' as place, {columns}
from ({corrections}) r
asof join content on r.message_id >= content.first_message_id
where r.message_id <= content.last_message_id
