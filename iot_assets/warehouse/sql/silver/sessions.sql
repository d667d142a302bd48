-- builds:  sessions, when each connection before those of again received its last message
-- from:    {nearby} (messages received around those of again), {files} (which file is of which lander), again
create or replace temp table sessions as
select f.lander, m.source, m.session, max(m.received_at) as ended_at
from ({nearby}) m
join {files} f using (file_id)
where m.session < (select max(session) from again)
group by f.lander, m.source, m.session
