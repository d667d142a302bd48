"""A route for messages that no route matches: which convention seems to read them, and where the device is named.

Belongs here: the guess, from one topic and payload. Does not: routes in force (``routes``).
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import replace
from datetime import UTC, datetime
from typing import Final

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import Bounds
from iot_assets.decoders.routes import Route, RouteTable
from iot_assets.decoders.sent import Sent, as_landed
from iot_assets.errors import SettingsError

#: Conventions of JSON with a word that their payloads hold; the particular ones before those that read much.
_OF_JSON: Final = {
    "cloudevents": b'"specversion"',
    "opcua_pubsub": b'"MessageType"',
    "chirpstack": b'"deviceInfo"',
    "thethingsstack": b'"end_device_ids"',
    "meshtastic": b'"sender"',
    "owntracks": b'"_type"',
    "senml": b'"n"',
    "sensor_value": b'"value"',
    "flat_json": b"",
}
#: Conventions of other payloads.
_OTHERS: Final = ("influx_line", "text_lines", "csv_lines", "senml", "bare_value")
#: Levels of topics that say what kind of message it is, and not who sends it.
_KINDS: Final = re.compile(
    "data|devices?|events?|info|input|iot|json|measurements?|metrics|mqtt|out|output|raw|readings?|report|sensors?|stat|state"
    "|status|tele|telemetry|up|uplink|values?",
    re.IGNORECASE,
)

_BUILT_IN: Final = RouteTable()


def suggested(message: Sent) -> Route | None:
    """The route that seems to fit this message best; None where no convention reads it whole."""
    routes = [route for route in _candidates(message) if _fits(route, message.topic)]
    # One batch tries them all, each under a topic of its own.
    tried = RouteTable([replace(r, topic=f"{n}/{r.topic}") for n, r in enumerate(routes)], defaults=())
    batch = [replace(message, topic=f"{n}/{message.topic}") for n in range(len(routes))]
    found = decode(as_landed(batch, datetime.now(UTC)), tried, Bounds())
    devices: dict[int, set[str]] = {}
    for row, device in zip(*(found.readings[name].to_pylist() for name in ("row", "device_id")), strict=True):
        devices.setdefault(row, set()).add(device)
    fitting = sorted(devices.keys() - set(found.rejects["row"].to_pylist()))
    return _for_others_too(routes[fitting[0]], devices[fitting[0]]) if fitting else None


def _candidates(message: Sent) -> Iterator[Route]:
    levels = [level if not set(level) & set("{}+#") else "+" for level in message.topic.split("/")]
    yield from _built_in_below(levels)
    is_json = message.payload.lstrip()[:1] in (b"{", b"[")
    of_json = [convention for convention, word in _OF_JSON.items() if word in message.payload]
    device = _device_level(levels)
    named = "/".join([*levels[:device], "{device}", *levels[device + 1 :]])
    for convention in of_json if is_json else _OTHERS:
        if convention == "bare_value":
            yield from _bare_value(levels)
            continue
        yield Route("/".join(levels), convention)  # the payload says which device
        yield Route(named, convention)


def _built_in_below(levels: list[str]) -> Iterator[Route]:
    """Built-in routes that would match, were it not for the levels before."""
    for first in range(1, len(levels)):
        if (match := _BUILT_IN.match("/".join(levels[first:]))) is None:
            continue
        route = _BUILT_IN.routes[match[0]]
        if route.topic[0] not in "+#{" and route.convention != "not_telemetry":
            yield replace(route, topic="/".join([*levels[:first], route.topic]))


def _bare_value(levels: list[str]) -> Iterator[Route]:
    """The last level is the metric; a topic of one level leaves none for the device."""
    if len(levels) > 1:
        device = _device_level(levels[:-1])
        named = [*levels[:device], "{device}", *levels[device + 1 : -1], "{metric}"]
        yield Route("/".join(named), "bare_value")


def _device_level(levels: list[str]) -> int:
    """The level that looks most like a device: with a digit in it, else the last that names no kind of message."""
    named = [n for n, level in enumerate(levels) if level and level != "+" and not _KINDS.fullmatch(level)]
    return next((n for n in reversed(named) if re.search(r"\d", levels[n])), (named or [len(levels) - 1])[-1])


def _fits(route: Route, topic: str) -> bool:
    try:
        return RouteTable([route], defaults=()).match(topic) is not None
    except SettingsError:
        return False


def _for_others_too(route: Route, devices: set[str]) -> Route:
    """The route, with + for levels that repeat what the payload says the device is."""
    return replace(
        route,
        topic="/".join("+" if level in devices and level[:1] != "$" else level for level in route.topic.split("/")),
    )
