-- builds:  unrepeated, the duplicates among what the reopened messages said, which are settled again
-- from:    reopened, {duplicates} (silver.duplicates within the received times of those messages)
create or replace temp table unrepeated as
select d.* from ({duplicates}) d semi join reopened using (message_id)
