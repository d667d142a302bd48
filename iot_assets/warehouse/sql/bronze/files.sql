-- builds:  bronze.files, one row for each file of the batch
-- from:    arriving_files (what was read), arriving_messages (what was in it), batch
-- A file whose messages another file has brought already, such as a copy under another name, is recorded as corrupt:
-- the ids of a lander's files never overlap. Only where it lies within a joined file (told by its name) it is one of
-- those that were joined, which stay for a while or are landed again by a lander that was killed before it knew.
-- A row of an earlier attempt at a damaged file is replaced.
delete from bronze.files where state = 'corrupt' and path in (select path from arriving_files);

create or replace temp table arriving_ledger as
with content as (
    select
        file_id,
        count(*) as rows,
        min(message_id) as first_message_id,
        max(message_id) as last_message_id,
        min(received_at) as first_received_at,
        max(received_at) as last_received_at
    from arriving_messages
    group by file_id
),
spans as (
    select file_id, path, first_message_id, last_message_id
    from bronze.files
    where state = 'entered'
    union all
    select file_id, path, first_message_id, last_message_id
    from arriving_files join content using (file_id)
),
brought as (
    select
        content.file_id,
        min(spans.path) as other,
        min(spans.path) filter (
            regexp_matches(spans.path, '-\d{10,}\.parquet$')
            and spans.first_message_id <= content.first_message_id
            and spans.last_message_id >= content.last_message_id
        ) as joined_into
    from content
    join spans
        on spans.first_message_id <= content.last_message_id
        and spans.last_message_id >= content.first_message_id
        and spans.file_id < content.file_id
    group by content.file_id
)
select
    file_id,
    path,
    lander,
    landed_on,
    case
        when problem is not null then 'corrupt'
        when joined_into is not null then 'compacted_into'
        when other is not null then 'corrupt'
        else 'entered'
    end as state,
    coalesce(problem, joined_into, 'its messages have been brought already by ' || other) as problem,
    coalesce(rows, 0) as rows,
    bytes,
    first_message_id,
    last_message_id,
    first_received_at,
    last_received_at,
    now() as entered_at,
    (select batch_id from batch) as batch_id
from arriving_files
left join content using (file_id)
left join brought using (file_id);

insert into bronze.files by name select * from arriving_ledger;
