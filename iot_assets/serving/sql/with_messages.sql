-- What was found, each with the message it came in and where that lies.
select found.*, messages.topic, messages.payload, messages.file, messages.row
from found
left join messages using (message_id)
order by all
