-- builds:  ops.{facts}: what the batch's devices announce of themselves; concerned, whose devices they are, is added to
-- from:    {announced} (staged), batch, redelivered, reopened
insert into concerned
select device_id from ops.{facts} where message_id in (select message_id from reopened)
union
select device_id from {announced};

delete from ops.{facts} where message_id in (select message_id from reopened);

insert into ops.{facts} by name
select {key}, {folded}, 'announced' as origin, b.received_at, b.message_id
from {announced} a
join (select row, received_at, message_id from batch) b using (row)
where b.message_id not in (select message_id from redelivered)
group by {key}, b.received_at, b.message_id;
