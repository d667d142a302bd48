"""The section ``server``: the REST API."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

from pydantic import Field

from iot_assets.sections.section import Section


class SqlLimits(Section):
    """Bounds of ``POST /sql``."""

    enabled: bool = Field(
        default=True,
        description="Take SQL at all, from keys with the scope sql (on loopback without keys: from anybody).",
    )
    seconds: Annotated[float, Field(gt=0)] = Field(default=10, description="A query that takes longer is stopped.")
    rows: Annotated[int, Field(ge=1)] = Field(default=10000, description="Most rows of an answer.")
    memory_limit: str = Field(
        default="512MB",
        pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$",
        description="DuckDB's memory bound for a query; two run at a time. The process of a query may take twice this.",
    )


class Live(Section):
    """What has landed and is not yet published: answers with `live=true`, `/events` and the WebSocket `/live`."""

    enabled: bool = Field(default=True, description="Show it at all.")
    poll_seconds: Annotated[float, Field(ge=0.05, le=60)] = Field(
        default=0.5, description="Time from one look for what is new to the next, while anybody wants to see it."
    )
    most_messages: Annotated[int, Field(ge=1000)] = Field(
        default=300000,
        description="Most messages that wait for a publication and are shown; older ones are seen once they are published.",
    )
    most_listeners: Annotated[int, Field(ge=1)] = Field(
        default=200, description="Most streams of live readings at once; further ones are refused."
    )
    queue_readings: Annotated[int, Field(ge=1)] = Field(
        default=10000,
        description="Readings kept for a listener who takes them too slowly; beyond, the oldest are dropped and counted.",
    )


class Server(Section):
    """The REST API (`iot-assets serve`)."""

    host: str = Field(
        default="127.0.0.1", min_length=1, description="Address to listen on. Beyond loopback, API keys are asked for."
    )
    port: Annotated[int, Field(ge=0, le=65535)] = Field(
        default=8000,
        description="Port to listen on. 0: `up` and `demo` start no server, `serve` takes any free port and names it.",
    )
    require_keys: bool | None = Field(
        default=None, description="Ask for API keys; when not set, everywhere but on loopback."
    )
    keys_file: Path | None = Field(
        default=None, description="File of the API keys, hashed; when not set, api-keys.json in data_dir."
    )
    cors_origins: tuple[str, ...] = Field(
        default=(), description='Origins of web pages that may ask, such as "https://dash.example.org"; "*" is any.'
    )
    requests_per_minute: Annotated[int, Field(ge=1)] = Field(
        default=6000, description="Requests a minute that one key, or one address without a key, may make."
    )
    max_rows: Annotated[int, Field(ge=1)] = Field(
        default=100000, description="Most rows of one answer; more come by cursor."
    )
    threads: Annotated[int, Field(ge=1)] | None = Field(
        default=None, description="DuckDB's threads; one per core when not set."
    )
    memory_limit: str = Field(default="1GB", pattern=r"^\d+(\.\d+)? ?[KMGT]i?B$", description="DuckDB's memory bound.")
    map_tiles: str | None = Field(
        default=None,
        pattern=r"^https?://[^'\"\\\s]*$",
        description="Address of the dashboard's map tiles with {z}, {x} and {y}, asked by each browser that shows the map; no tiles when not set.",
    )
    map_attribution: str = Field(default="", description="Whose tiles they are, as it is to be said beside the map.")
    sql: SqlLimits = Field(default=SqlLimits(), description="SQL over HTTP.")
    live: Live = Field(default=Live(), description="Live readings.")
