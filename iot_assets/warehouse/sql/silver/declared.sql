-- builds:  ops.{facts}: what the registry files declare, anew; concerned, whose devices they are or were, is added to
-- from:    {declared} (staged: the whole history of the registry)
insert into concerned
select device_id from ops.{facts} where origin = 'declared'
union
select device_id from {declared};

delete from ops.{facts} where origin = 'declared';

insert into ops.{facts} by name
select * rename (valid_from_at as received_at, valid_to_at as until_at), 'declared' as origin
from {declared};
