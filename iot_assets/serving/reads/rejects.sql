select message_id, received_at, topic, source, reason, detail, decoder, attempts, replayed_at, payload
from silver.rejects
where {scope}
