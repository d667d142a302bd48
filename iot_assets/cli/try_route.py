"""``iot-assets try-route``: what would become of a message, or of a whole log of them, without landing anything."""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Final

import click

from iot_assets.cli.tables import print_rows
from iot_assets.decoders.decoded import HELD, NOT_TELEMETRY, Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets.decoders.sent import LogError, Sent, read_log
from iot_assets.decoders.suggest import suggested
from iot_assets.decoders.toml_text import route_toml
from iot_assets.decoders.trial import Told, tried
from iot_assets.model import OUTCOMES, REJECT_REASONS
from iot_assets.settings import load_settings

#: So many topics of a log are given a suggestion.
_MOST_SUGGESTIONS: Final = 5


@click.command("try-route")
@click.argument("topic", required=False)
@click.argument("file", required=False, type=click.File("rb"))
@click.option("--payload", help="The payload itself, instead of a file.")
@click.option("--log", type=click.File("rb"), help="Many messages, as mosquitto_sub prints them with -v or -F %j.")
@click.option("--hex", "as_hex", is_flag=True, help="Payloads are in hexadecimal: mosquitto_sub -F '%t %x'.")
@click.option("--content-type", help="The message's content type, where a convention goes by it.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line for each reading and each reject.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def try_route(
    topic: str | None,
    file: IO[bytes] | None,
    *,
    payload: str | None,
    log: IO[bytes] | None,
    as_hex: bool,
    content_type: str | None,
    as_json: bool,
    config: Path | None,
) -> None:
    """Show which route a message on TOPIC takes and what comes out of it; FILE is its payload, - or nothing is stdin.

    Nothing is landed, and the registry is not asked. Of a log there is a summary per topic.

    Example: mosquitto_sub -v -t '#' -W 10 | iot-assets try-route --log -
    """
    if (topic is None) == (log is None):
        raise click.UsageError("give a TOPIC with one payload, or a --log of many messages")
    settings = load_settings(config)
    if log is not None:
        try:
            messages = list(read_log(log, as_hex=as_hex))
        except LogError as error:
            raise click.ClickException(str(error)) from error
    else:
        assert topic is not None
        content = _payload(payload, file, as_hex=as_hex)
        messages = [Sent(topic, content, content_type)]
    told = tried(messages, RouteTable(settings.routes), Bounds(**settings.decode.model_dump()))
    if as_json:
        rows = [row for one in told for row in _objects(one, with_topic=log is not None)]
        print_rows(rows, as_json=True, empty="")
    elif log is not None:
        _print_summary(told)
    else:
        _print_one(told[0])


def _payload(text: str | None, file: IO[bytes] | None, *, as_hex: bool) -> bytes:
    if text is not None and file is not None:
        raise click.UsageError("give FILE or --payload, not both")
    content = (file or sys.stdin.buffer).read() if text is None else text.encode()
    try:
        return bytes.fromhex(content.decode()) if as_hex else content
    except ValueError as error:
        raise click.UsageError(f"the payload is not hexadecimal: {error}") from error


def _objects(told: Told, *, with_topic: bool) -> Iterator[dict[str, Any]]:
    """An object for each reading and reject; for the message, where it has neither."""
    topic = {"topic": told.message.topic} if with_topic else {}
    for reading in told.readings:
        yield {**topic, **reading, "event_at": reading["event_at"].isoformat()}
    for reject in told.rejects:
        yield {**topic, **reject, **(_hint(told.message) if told.route is None and not with_topic else {})}
    if not told.readings and not told.rejects:
        yield {**topic, "outcome": told.outcome, "announcements": told.announcements}


def _hint(message: Sent) -> dict[str, Any]:
    route = suggested(message)
    return {"suggestion": None if route is None else route_toml(route)}


def _print_one(told: Told) -> None:
    if told.route is not None:
        click.echo(f"route {told.route.topic}, convention {told.route.convention}\n")
    if told.readings:
        print_rows([_shown(reading) for reading in told.readings], as_json=False, empty="")
    for reject in told.rejects:
        detail = f" ({reject['detail']})" if reject["detail"] else ""
        click.echo(f"rejected, {reject['reason']}: {REJECT_REASONS.get(reject['reason'], '')}{detail}")
    if told.outcome in {NOT_TELEMETRY, HELD}:
        click.echo(f"{told.outcome}: {OUTCOMES[told.outcome]}")
    if told.announcements:
        click.echo("\nannounced:")
        for fact in told.announcements:
            click.echo("  " + ", ".join(f"{name} {value}" for name, value in fact.items()))
    if told.route is None:
        _print_suggestions([told.message])


def _shown(reading: dict[str, Any]) -> dict[str, Any]:
    flags = ", ".join(reading["flags"])
    return {**reading, "event_at": reading["event_at"].isoformat().replace("+00:00", "Z"), "flags": flags}


def _print_summary(told: list[Told]) -> None:
    topics: dict[str, list[Told]] = {}
    for one in told:
        topics.setdefault(one.message.topic, []).append(one)
    print_rows([_summary(topic, of) for topic, of in topics.items()], as_json=False, empty="no messages")
    _print_suggestions([of[0].message for of in topics.values() if of[0].route is None])


def _summary(topic: str, told: list[Told]) -> dict[str, Any]:
    route = told[0].route
    outcomes = Counter(one.outcome for one in told)
    reasons = Counter(
        f"{r['reason']} ({r['detail']})" if r["detail"] else r["reason"] for one in told for r in one.rejects
    )
    return {
        "topic": topic,
        "route": route.topic if route else None,
        "convention": route.convention if route else None,
        "messages": len(told),
        "readings": sum(len(one.readings) for one in told),
        NOT_TELEMETRY: outcomes[NOT_TELEMETRY],
        HELD: outcomes[HELD],
        "rejects": sum(reasons.values()),
        "reasons": "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common(3)),
    }


def _print_suggestions(messages: list[Sent]) -> None:
    """For messages that no route matches, the routes that seem to fit, ready for the settings file."""
    if not messages:
        return
    found: dict[str, list[str]] = {}
    for message in messages[:_MOST_SUGGESTIONS]:
        if (route := suggested(message)) is not None:
            found.setdefault(route_toml(route), []).append(message.topic)
    for text, topics in found.items():
        click.echo(
            f"\n{', '.join(topics)}: this route seems to fit; mend it as you like and put it into iot.toml:\n\n{text}"
        )
    if not found:
        click.echo("\nno convention reads it; `iot-assets routes` lists them")
