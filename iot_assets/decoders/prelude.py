"""What any decoder of text does first: is there a payload, is it small enough, is it text at all.

Belongs here: the step from bytes to text. Does not: what the text says.
An engine reads the view ``intake(row, received_at, payload, device_prefix, device_captured, device_suffix,
device_default)``.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iot_assets.decoders.decoded import Bounds


def texts(bounds: Bounds) -> str:
    """SQL: ``intake`` with ``size`` and ``body`` instead of the payload; a byte order mark is no part of the text."""
    return f"""
        select * exclude (text), case when starts_with(text, chr(65279)) then substr(text, 2) else text end as body
        from (
            select * exclude (payload), octet_length(payload) as size,
                case when octet_length(payload) <= {bounds.max_payload_bytes} then try(decode(payload)) end as text
            from intake
        )
        """


def text_fault(bounds: Bounds) -> str:
    """SQL over ``texts``: the reason why there is no text to read, or null."""
    return f"""case
            when size = 0 then 'empty_payload'
            when size > {bounds.max_payload_bytes} then 'payload_too_large'
            when body is null then 'not_utf8'
            end"""


def text_detail(bounds: Bounds) -> str:
    """SQL over ``texts``: the size of what is too large, else the beginning of the text, fit to be shown."""
    return f"""case
            when size > {bounds.max_payload_bytes} then size || ' bytes, allowed are {bounds.max_payload_bytes}'
            else 'it begins ' || regexp_replace(left(nullif(body, ''), 60), '\\p{{Cc}}', ' ', 'g')
            end"""
