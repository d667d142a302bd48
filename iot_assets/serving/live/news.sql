-- Readings that the last addition has brought to light, in the order of arrival, which is their id.
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
from settled
where holds and place = 'new'
order by received_at, message_id, position
