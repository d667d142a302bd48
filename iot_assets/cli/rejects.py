"""``iot-assets rejects``: what could not be decoded, why, and the bytes themselves."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from datetime import UTC
from pathlib import Path
from typing import Any, Final, TypeVar

import click

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.model import REJECT_REASONS
from iot_assets.serving.rejects import RejectFilter, reject_groups
from iot_assets.serving.rejects import rejects as find
from iot_assets.settings import load_settings

_ALL: Final = 1_000_000_000
#: Bytes of a payload that a person is shown.
_SHOWN: Final = 400
_AT = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_OPTIONS: Final = (
    click.option("--reason", type=click.Choice(sorted(REJECT_REASONS)), help="Only with this reason."),
    click.option("--topic", help="Only of topics like this; * and ? are wildcards."),
    click.option("--source", help="Only from this source."),
    click.option("--from", "first", type=_AT, help="Only received at or after this instant (UTC)."),
    click.option("--to", "last", type=_AT, help="Only received before this instant (UTC)."),
    click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml]."),
)


_Command = TypeVar("_Command", bound=Callable[..., Any])


def filters(command: _Command) -> _Command:
    """The options that choose rejects, the same for every verb that takes them."""
    for option in reversed(_OPTIONS):
        command = option(command)
    return command


@click.group()
def rejects() -> None:
    """What could not be decoded, why, and the bytes themselves."""


@rejects.command("list")
@filters
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
def list_groups(config: Path | None, *, as_json: bool, **chosen: Any) -> None:
    """Group rejects by reason and topic, most first."""
    rows = reject_groups(_paths(config), choose(**chosen))
    print_rows(rows, as_json=as_json, empty="no rejects")


@rejects.command()
@filters
@click.option("--id", "message_id", type=click.UUID, help="Only this message.")
@click.option("--limit", default=10, show_default=True, help="How many, the newest first.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, the payload as text or base64.")
def show(config: Path | None, limit: int, *, as_json: bool, **chosen: Any) -> None:
    """Show rejects with their payloads."""
    found = find(_paths(config), choose(**chosen), limit)
    if not found and not as_json:
        click.echo("no rejects")
    for reject in found:
        if as_json:
            click.echo(json.dumps(_plain(reject), default=str))
        else:
            click.echo(_told(reject))


@rejects.command()
@click.argument("file", type=click.Path(dir_okay=False, writable=True, path_type=Path))
@filters
def export(file: Path, config: Path | None, **chosen: Any) -> None:
    """Write rejects with their payloads to FILE, one JSON object a line.

    A payload that is UTF-8 is in the field payload, any other in payload_base64.
    """
    found = find(_paths(config), choose(**chosen), _ALL)
    with file.open("w", encoding="utf-8") as lines:
        for reject in found:
            lines.write(json.dumps(_plain(reject), default=str) + "\n")
    click.echo(f"wrote {len(found)} rejects to {file}")


def choose(**given: Any) -> RejectFilter:
    """The filter that these options say."""
    for instant in ("first", "last"):
        if given.get(instant) is not None:
            given[instant] = given[instant].replace(tzinfo=UTC)
    if given.get("message_id") is not None:
        given["message_id"] = str(given["message_id"])
    return RejectFilter(**given)


def _paths(config: Path | None) -> DataPaths:
    return DataPaths(load_settings(config).data_dir)


def _plain(reject: dict[str, Any]) -> dict[str, Any]:
    payload = reject.pop("payload")
    try:
        return {**reject, "payload": payload.decode()}
    except UnicodeDecodeError:
        return {**reject, "payload_base64": base64.b64encode(payload).decode()}


def _told(reject: dict[str, Any]) -> str:
    payload = reject["payload"]
    try:
        shown = repr(payload.decode()[:_SHOWN])
    except UnicodeDecodeError:
        shown = repr(payload[:_SHOWN])
    more = f" … {len(payload)} bytes in all" if len(payload) > _SHOWN else ""
    why = " ".join((reject["detail"] or REJECT_REASONS.get(reject["reason"], "")).split())
    return (
        f"{reject['message_id']}  {reject['received_at']:%Y-%m-%d %H:%M:%S}  {reject['topic']}\n"
        f"  {reject['reason']}: {why}\n"
        f"  {shown}{more}\n"
    )
