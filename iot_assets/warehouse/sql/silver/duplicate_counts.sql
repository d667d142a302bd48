-- builds:  changed_duplicates, the rows of silver.duplicate_counts that change, with their new numbers (0: it goes)
-- from:    recounted, {counts} (silver.duplicate_counts within the hours that change)
create or replace temp table changed_duplicates as
select r.* replace ((r.duplicates + coalesce(c.duplicates, 0))::bigint as duplicates)
from recounted r
left join ({counts}) c
    on c.device_id = r.device_id
    and c.metric = r.metric
    and c.hour_at = r.hour_at
    and c.landed_on = r.landed_on
