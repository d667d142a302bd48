-- The last {most} readings in the order of arrival, which is their id, as those who listen are told of them; the
-- latest first.
select
    epoch_us(received_at) || '.' || message_id || '.' || position as id,
    device_id,
    metric,
    to_json(
        struct_pack(
            device_id, metric, event_at := strftime(event_at, '%Y-%m-%dT%H:%M:%S.%fZ'), value, value_text, unit, flags,
            received_at := strftime(received_at, '%Y-%m-%dT%H:%M:%S.%fZ'), message_id, position
        )
    )::varchar as reading
from {source}
where {which}
order by received_at desc, message_id desc, position desc
limit {most}
