-- builds:  dirty_buckets, the buckets of the width {width} that the finer ones healed lie in
-- from:    {dirty} (device_id, metric, {at})
create or replace temp table dirty_buckets as
select distinct device_id, metric, {width}_of({at}) as bucket_at
from {dirty}
