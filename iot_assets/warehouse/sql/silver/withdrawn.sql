-- builds:  forgotten, withdrawn: the rows of silver and the outcomes that the reopened messages have brought
-- from:    reopened, {readings}, {corrections}, {outcomes} (silver's rows within the received times of those messages)
create or replace temp table forgotten as
select 'readings' as place, r.* from ({readings}) r semi join reopened using (message_id)
union all
select 'corrections' as place, c.* from ({corrections}) c semi join reopened using (message_id);

create or replace temp table withdrawn as
select o.* from ({outcomes}) o semi join reopened using (message_id);
