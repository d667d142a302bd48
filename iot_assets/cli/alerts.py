"""``iot-assets alerts``: what people were told, what is so now, and how it is told.

Belongs here: the command line. Does not: anything that it shows (``alerts``).
"""

from __future__ import annotations

import getpass
import logging
import secrets
import signal
import threading
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from iot_assets.alerts import outbox, words
from iot_assets.alerts.alert import Alert, Kind, Notice, State
from iot_assets.alerts.causes import CAUSES, refuse_unknown
from iot_assets.alerts.channels.trouble import ChannelError
from iot_assets.alerts.delivery import senders
from iot_assets.alerts.store import Store
from iot_assets.alerts.watch import watch
from iot_assets.cli.tables import print_rows
from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths
from iot_assets.settings import Settings, load_settings

if TYPE_CHECKING:
    from types import FrameType

_json = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


def _user() -> str:
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # in a container a user may have no name
        return "somebody"


class NoAlertError(IotAssetsError):
    """No open alert is meant: `iot-assets alerts` lists them."""


@click.group(invoke_without_command=True)
@_json
@click.pass_context
def alerts(ctx: click.Context, *, as_json: bool) -> None:
    """Show the alerts that are open; with a command, what else there is to do about alerts."""
    if ctx.invoked_subcommand is None:
        settings = load_settings()
        store = _store(settings)
        found = [alert for alert in store.alive().values() if alert.state is State.OPEN]
        print_rows(
            [_shown(alert) for alert in found], as_json=as_json, empty="Nothing is wrong that an alert tells of."
        )
        down = [s for s in _states(store, settings) if s.failing_since_at is not None]
        if not as_json:
            for state in down:
                click.echo(f"channel {state.channel} is down, {state.waiting} notices wait: {state.problem}", err=True)


@alerts.command()
@_json
@click.option("--limit", type=click.IntRange(min=1), default=50, show_default=True, help="At most so many.")
def history(*, as_json: bool, limit: int) -> None:
    """Alerts of the past, the newest first; gold.alerts keeps them for ever."""
    found = _store(load_settings()).history(limit)
    rows = [
        {
            **_shown(alert),
            "until": alert.resolved_at,
            "acknowledged_by": alert.acknowledged_by,
            "note": alert.note,
        }
        for alert in found
    ]
    print_rows(rows, as_json=as_json, empty="There never was an alert.")


@alerts.command()
@click.argument("alert_id", metavar="ID")
@click.option("--note", help="What is being done.")
@click.option("--by", default=_user, help="Who looks after it, instead of the user who runs this.")
def ack(alert_id: str, note: str | None, by: str) -> None:
    """Say that you look after an alert: no reminders any more; its end is told. ID may be its first letters."""
    store = _store(load_settings())
    alert = store.acknowledge(alert_id, by=by, note=note, now=datetime.now(UTC))
    if alert is None:
        raise NoAlertError(f"no open alert, or more than one, is named {alert_id!r}: `iot-assets alerts` lists them")
    click.echo(f"{alert.alert_id} is looked after by {alert.acknowledged_by}: {CAUSES[alert.cause].title}")


@alerts.command()
@click.option("--channel", help="Only this one.")
def test(channel: str | None) -> None:
    """Send a test by every channel, at once, and say what came of it."""
    settings = load_settings()
    channels = senders(settings.alerts, _paths(settings))
    if channel is not None and channel not in channels:
        raise click.BadParameter(f"{channel!r} is none of {', '.join(channels)}", param_hint="--channel")
    failed = False
    for name, send in channels.items():
        if channel not in (None, name):
            continue
        now = datetime.now(UTC)
        notice = Notice(secrets.token_hex(8), name, Kind.TEST, "info", now, words.body_of_test(settings))
        try:
            send(notice)
        except ChannelError as error:
            failed = True
            click.echo(f"{name}: failed: {error}")
        else:
            outbox.try_now(_store(settings), name)  # what waits for it need not wait for its next attempt
            click.echo(f"{name}: taken")
    if failed:
        raise click.exceptions.Exit(1)


@alerts.command()
@_json
def channels(*, as_json: bool) -> None:
    """How each channel fares: sent, waiting, and what is wrong."""
    settings = load_settings()
    kinds = {channel.name: (channel.kind, channel.minimum) for channel in settings.alerts.channels}
    rows: list[dict[str, Any]] = []
    for state in _states(_store(settings), settings):
        kind, minimum = kinds.get(state.channel, ("log", "info"))
        rows.append(
            {
                "channel": state.channel,
                "kind": kind,
                "minimum": minimum,
                "state": "up" if state.failing_since_at is None else "down",
                "sent": state.sent,
                "waiting": state.waiting,
                "dropped": state.dropped,
                "last_sent": state.last_sent_at,
                "down_since": state.failing_since_at,
                "next_try": state.next_try_at,
                "problem": state.problem,
            }
        )
    print_rows(rows, as_json=as_json, empty="There is no channel.")


@alerts.command(name="watch")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file, instead of iot.toml.")
def watch_command(config: Path | None) -> None:
    """Look for causes and tell people, until Ctrl-C; `up` and `demo` do so by themselves."""
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s", datefmt="%Y-%m-%d %H:%M:%S")
    stop = threading.Event()

    def end(number: int, frame: FrameType | None) -> None:
        del number, frame
        stop.set()

    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, end)
    watch(load_settings(config), stop)


def _paths(settings: Settings) -> DataPaths:
    return DataPaths(settings.data_dir.absolute())


def _store(settings: Settings) -> Store:
    refuse_unknown(settings.alerts)
    return Store(_paths(settings).alerts)


def _states(store: Store, settings: Settings) -> list[outbox.ChannelState]:
    return [outbox.state_of(store, name) for name in senders(settings.alerts, _paths(settings))]


def _shown(alert: Alert) -> dict[str, Any]:
    return {
        "id": alert.alert_id,
        "severity": alert.severity,
        "what": CAUSES[alert.cause].title + (f" ({alert.about})" if alert.about else ""),
        "count": alert.count,
        "since": alert.since_at,
        "state": "acknowledged" if alert.acknowledged_at and alert.state is State.OPEN else str(alert.state),
        "summary": alert.summary,
    }
