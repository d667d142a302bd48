select
    (select published_at from ops.published) as published_at,
    (select min(first_received_at) from bronze.files) as first_received_at,
    (select max(event_at) from gold.latest) as newest_event_at,
    (select max(received_at) from gold.latest) as newest_received_at,
    (select count(distinct device_id) from silver.devices) as devices,
    (select coalesce(sum(n), 0)::bigint from gold.readings_1d) as numeric_readings,
    (select count(*) from silver.rejects) as rejects,
    (select coalesce(sum(messages), 0)::bigint from silver.outcome_counts) as messages
