"""Messages that no route matches, as the UI tells of them: by topic, with the first payload and a route that might fit.

Belongs here: the metadata ``no_route`` of ``silver.rejects``. Does not: guessing (``decoders.suggest``).
"""

from typing import Any

import dagster as dg
import duckdb

from iot_assets.decoders.sent import Sent
from iot_assets.decoders.suggest import suggested
from iot_assets.decoders.toml_text import route_toml
from iot_assets.warehouse.connection import rows

#: A guess decodes the message in several ways, so only the most frequent topics are given one.
_MOST = 5
_SHOWN = 300


def unrouted(connection: duckdb.DuckDBPyConnection) -> dict[str, Any]:
    """The topics without a route, most messages first; empty where there are none."""
    groups = rows(
        connection,
        "select topic, count(*) as messages, min(received_at) as first_at, max(received_at) as last_at,"
        " arg_min(payload, (received_at, message_id)) as payload"
        " from silver.rejects where reason = 'no_route' group by topic order by messages desc, topic limit ?",
        [_MOST],
    )
    return {"no_route": dg.MetadataValue.md("\n".join(map(_told, groups)))} if groups else {}


def _told(group: dict[str, Any]) -> str:
    payload = group["payload"] or b""
    shown = payload[:_SHOWN].decode(errors="backslashreplace").replace("```", "'''")
    route = suggested(Sent(group["topic"], payload))
    hint = "No convention reads it." if route is None else f"This route might fit:\n\n```toml\n{route_toml(route)}\n```"
    span = f"{group['first_at']:%Y-%m-%d %H:%M:%S} to {group['last_at']:%Y-%m-%d %H:%M:%S}"
    topic = group["topic"].replace("`", "'")
    return f"**`{topic}`**: {group['messages']} messages, {span}. The first:\n\n```\n{shown}\n```\n\n{hint}\n"
