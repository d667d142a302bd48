select count(*) as readings, max(received_at) as newest_received_at
from memory.live.added
