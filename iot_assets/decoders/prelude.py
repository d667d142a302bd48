"""What any decoder of text does first: is there a payload, is it small enough, is it text at all.

Tables, all temporary and private to one group of messages:

* ``intake(row, received_at, payload, device_prefix, device_captured, device_suffix)`` is given.
* ``faults(row, reason, detail)`` gets a row for each message that cannot be read at all.
* ``texts(row, received_at, device_prefix, device_captured, device_suffix, body)`` gets all others.

Does not belong here: what the text says.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import duckdb

    from iot_assets.decoders.decoded import Bounds


def read_texts(con: duckdb.DuckDBPyConnection, bounds: Bounds) -> None:
    """Make ``texts`` and ``faults`` from ``intake``. A byte order mark is no part of the text."""
    con.execute(
        f"""
        create temp table sorted as
        select * exclude (payload), octet_length(payload) as size,
            case when octet_length(payload) <= {bounds.max_payload_bytes} then try(decode(payload)) end as body
        from intake
        """
    )
    con.execute(
        f"""
        create temp table faults as
        select row,
            case
                when size = 0 then 'empty_payload'
                when size > {bounds.max_payload_bytes} then 'payload_too_large'
                else 'not_utf8'
            end as reason,
            case
                when size > {bounds.max_payload_bytes} then size || ' bytes, allowed are {bounds.max_payload_bytes}'
            end as detail
        from sorted
        where size = 0 or body is null
        """
    )
    con.execute(
        """
        create temp view texts as
        select * exclude (size, body), case when starts_with(body, chr(65279)) then substr(body, 2) else body end as body
        from sorted
        where size > 0 and body is not null
        """
    )


def quote_start(text: str) -> str:
    """SQL: the first characters of a text, fit to be shown in a reject's detail."""
    return f"regexp_replace(left({text}, 60), '[[:cntrl:]]', ' ', 'g')"
