"""Which convention the messages of a topic follow: patterns, tried in order, the user's before the built-in ones.

Belongs here: patterns, their captures, the built-in routes. Does not: what a convention means (``conventions``).
"""

from __future__ import annotations

import difflib
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import Any, Final, Protocol

from iot_assets.decoders.conventions import CONVENTIONS, Convention
from iot_assets.decoders.options import CommonOptions, build_options
from iot_assets.decoders.own import OWN, own_convention
from iot_assets.errors import SettingsError

_PLACEHOLDER: Final = re.compile(r"\{([a-z_][a-z0-9_]*)\}")
#: As a level of a pattern: one level or more, remembered together, slashes included.
_REST: Final = re.compile(r"\{([a-z_][a-z0-9_]*)#\}")
_NAMES: Final = re.compile(r"\{([a-z_][a-z0-9_]*)#?\}")
#: A level of which the part in braces is remembered.
_PARTLY: Final = re.compile(r"([^{}+#]*)\{([a-z_][a-z0-9_]*)\}([^{}+#]*)")


_MEDIA_TYPE: Final = re.compile(r"[a-z0-9!#$&^_.+-]+/[a-z0-9!#$&^_.+-]+")


class Wanted(Protocol):
    """A route as whoever asks for it writes it down; a ``Route``, or one in the settings."""

    @property
    def topic(self) -> str: ...  # noqa: D102
    @property
    def convention(self) -> str: ...  # noqa: D102
    @property
    def options(self) -> Mapping[str, Any]: ...  # noqa: D102
    @property
    def content_type(self) -> str | None: ...  # noqa: D102


@dataclass(frozen=True, slots=True)
class Route:
    """Topics, by a pattern, and the convention that their messages follow.

    A pattern is an MQTT topic filter in which ``{name}`` stands for one level and remembers it (or, with letters around
    it, a part of one), and ``{name#}`` for one level or more. With a ``content_type`` the route is only for messages
    that name it (without parameters, in small letters), as HTTP requests and publishers of MQTT 5 do.
    """

    topic: str
    convention: str
    options: Mapping[str, Any] = field(default_factory=dict)
    content_type: str | None = None


DEFAULT_ROUTES: Final = (
    Route("sensors", "sensor_value"),
    Route("sensors/{name}", "sensor_value"),
    Route("telemetry/#", "telemetry"),
    Route("spBv1.0/#", "sparkplug_b"),
    Route("devices/{device}/#", "flat_json"),
    Route("device_events/#", "device_events"),
    Route("iot-device-data", "device_events"),
    # ThingsBoard
    Route("v1/devices/{device}/telemetry", "thingsboard"),
    Route("v1/gateway/telemetry", "thingsboard_gateway"),
    Route("v1/devices/#", "not_telemetry"),
    Route("v1/gateway/#", "not_telemetry"),
    # thin-edge.io
    Route("te/device/{device}///m/{type}", "thin_edge"),
    Route("te/device/{name}/service/{service}/m/{type}", "thin_edge", {"device": "{name}/{service}"}),
    Route("te/{a}/{b}/{c}/{d}/m/{type}", "thin_edge", {"device": "{a}/{b}/{c}/{d}"}),
    Route("te/#", "not_telemetry"),
    # United Manufacturing Hub
    Route("umh/v1/{device#}/_historian/{group#}", "umh", {"metric": "{group}"}),
    Route("umh/v1/{device#}/_historian", "umh"),
    # Tasmota
    Route("tele/{device#}/SENSOR", "tasmota"),
    Route("tele/{device#}/STATE", "tasmota"),
    Route("stat/{device#}/{answer}", "tasmota"),
    Route("{device}/tele/SENSOR", "tasmota"),
    Route("{device}/tele/STATE", "tasmota"),
    Route("{group}/tele/{device}/SENSOR", "tasmota"),
    Route("{group}/tele/{device}/STATE", "tasmota"),
    Route("tasmota/discovery/#", "tasmota"),
    Route("tele/#", "not_telemetry"),
    Route("cmnd/#", "not_telemetry"),
    # Zigbee2MQTT
    Route("zigbee2mqtt/bridge/devices", "zigbee2mqtt"),
    Route("zigbee2mqtt/bridge/#", "not_telemetry"),
    Route("zigbee2mqtt/{path#}/availability", "not_telemetry"),
    Route("zigbee2mqtt/{path#}/set", "not_telemetry"),
    Route("zigbee2mqtt/{path#}/set/{attribute#}", "not_telemetry"),
    Route("zigbee2mqtt/{path#}/get", "not_telemetry"),
    Route("zigbee2mqtt/{path#}/get/{attribute#}", "not_telemetry"),
    Route("zigbee2mqtt/{path#}", "zigbee2mqtt"),
    # Shelly
    Route("shellies/announce", "not_telemetry"),
    Route("shellies/command", "not_telemetry"),
    Route("shellies/{device}/events/rpc", "shelly"),
    Route("shellies/{device}/status/{component}", "shelly"),
    Route("shellies/{device}/{path#}", "shelly_gen1"),
    Route("{device#}/events/rpc", "shelly"),
    Route("shelly{id}/#", "shelly", {"device": "shelly{id}"}),
    # Z-Wave JS UI, Victron Venus OS, OwnTracks, TeslaMate
    Route("zwave/{path#}", "zwave_js_ui"),
    Route("N/{portal}/{path#}", "victron"),
    Route("R/#", "not_telemetry"),
    Route("W/#", "not_telemetry"),
    Route("owntracks/{user}/{phone}", "owntracks", {"device": "{user}/{phone}"}),
    Route("owntracks/#", "not_telemetry"),
    Route("teslamate/cars/{device}/{metric}", "bare_value"),
    # radio and Bluetooth gateways
    Route("rtl_433/{host}/events", "rtl_433"),
    Route("rtl_433/{host}/states", "rtl_433"),
    Route("rtl_433/{host}/devices/{path#}", "rtl_433"),
    Route("rtl_433/#", "not_telemetry"),
    Route("home/{gateway}/RTL_433toMQTT/#", "rtl_433"),
    Route("home/{gateway}/BTtoMQTT/{device}", "openmqttgateway"),
    Route("home/{device}/SYStoMQTT", "openmqttgateway"),
    Route("home/{gateway}/LWT", "not_telemetry"),
    Route("home/{gateway}/version", "not_telemetry"),
    Route("home/{gateway}/commands/#", "not_telemetry"),
    # HTTP intake
    Route("/data", "text_lines", {"device": "data"}),
    Route("/ingest/{source}", "influx_line", content_type="text/plain"),
    Route("/ingest/{source}", "influx_line", content_type="application/vnd.influx.line"),
    Route("/ingest/{source}", "senml", content_type="application/senml+json"),
    Route("/ingest/{source}", "senml", content_type="application/senml+cbor"),
    Route("/ingest/{source}", "cloudevents", content_type="application/cloudevents+json"),
    Route("/ingest/{source}", "cloudevents", content_type="application/cloudevents-batch+json"),
    Route("/ingest/{source}", "csv_lines", {"default_device": "{source}"}, content_type="text/csv"),
    Route("/ingest/{source}", "json_lines", {"default_device": "{source}"}, content_type="application/x-ndjson"),
    Route("/ingest/{source}", "json_lines", {"default_device": "{source}"}, content_type="application/jsonl"),
    Route("/ingest/{source}", "flat_json", {"default_device": "{source}"}),
    # lines
    Route("lines/{device}", "text_lines"),
    Route("jsonl/#", "json_lines"),
    Route("csv/{device}", "csv_lines"),
    Route("telegraf/{host}/#", "influx_line"),
    Route("influx/#", "influx_line"),
    Route("senml/#", "senml"),
    Route("channels/+/messages/#", "senml"),
    Route("collectd/{device}/{plugin}/{type}", "collectd"),
    Route("c8y/s/us", "smartrest", {"device": "main"}),
    Route("c8y/s/us/{device}", "smartrest"),
    Route("c8y/mqtt/out/s/us", "smartrest", {"device": "main"}),
    Route("c8y/mqtt/out/s/us/{device}", "smartrest"),
    Route("s/us/{device}", "smartrest"),
    Route("homeassistant/+/+/config", "ha_discovery"),
    Route("homeassistant/+/+/+/config", "ha_discovery"),
    Route("homeassistant/status", "ha_discovery"),
    Route("homie/5/{device}/{path#}", "homie"),
    Route("homie/{device}/{path#}", "homie"),
    Route("application/{application}/device/{device}/{direction}/{event}", "chirpstack"),
    Route("v3/{application}/devices/{device}/#", "thethingsstack", {"device": "{application}/{device}"}),
    Route("msh/#", "meshtastic"),
    Route("$aws/sitewise/#", "sitewise"),
    Route("sitewise/#", "sitewise"),
    Route("local/swe_stream/publish", "sitewise"),
    Route("opcua/json/{kind}/{publisher}/{group}/{writer}", "opcua_pubsub"),
    Route("opcua/json/{kind}/{publisher}/#", "opcua_pubsub"),
    Route("cloudevents/#", "cloudevents"),
    Route("/hfp/v1/{journey}/{temporal}/{mode}/{owner}/{vehicle}/#", "hsl_hfp", {"device": "{owner}/{vehicle}"}),
    Route(
        "/hfp/v2/{journey}/{temporal}/{event}/{mode}/{owner}/{vehicle}/#", "hsl_hfp", {"device": "{owner}/{vehicle}"}
    ),
    Route("iotgateway", "kepserver"),
    Route("kepserver/#", "kepserver"),
    Route("origin/a/wis2/#", "wis2"),
    Route("cache/a/wis2/#", "wis2"),
)


@dataclass(frozen=True, slots=True)
class DeviceName:
    """How the device id of one topic's messages is put together: prefix, then the device, then suffix."""

    prefix: str
    captured: str | None
    """What the topic says the device is; None leaves it to the payload."""
    suffix: str
    default: str | None = None
    """What the device is where neither topic nor payload says it."""


@dataclass(frozen=True, slots=True)
class Group:
    """Messages that are decoded together: one convention with one set of options."""

    name: str
    convention: Convention
    options: CommonOptions


class RouteTable:
    """All routes of an installation, checked.

    Raises:
        SettingsError: a route names no convention, an unknown option or a wrong value; one sentence a fault.
    """

    def __init__(self, routes: Iterable[Wanted] = (), *, defaults: Iterable[Wanted] = DEFAULT_ROUTES) -> None:
        self.routes = tuple(Route(r.topic, r.convention, r.options, r.content_type) for r in (*routes, *defaults))
        self.groups: list[Group] = []
        self.group_of: list[int] = []
        self._patterns: list[re.Pattern[str]] = []
        problems: list[str] = []
        for route in self.routes:
            group, faults = _check(route)
            problems += [f"route {route.topic!r} ({route.convention}): {fault}" for fault in faults]
            if group is None:
                continue
            if group not in self.groups:
                self.groups.append(group)
            self.group_of.append(self.groups.index(group))
            self._patterns.append(_compile(route.topic))
        if problems:
            raise SettingsError(problems)
        # Most patterns begin with a level of plain letters: the others need not be tried on a topic that has another.
        first = [route.topic.partition("/")[0] for route in self.routes]
        plain = {level for level in first if not set(level) & set("+#{")}
        self._open = [index for index, level in enumerate(first) if level not in plain]
        self._by_first = {
            level: [i for i, other in enumerate(first) if other == level or other not in plain] for level in plain
        }

    def match(self, topic: str, content_type: str | None = None) -> tuple[int, dict[str, str]] | None:
        """The index of the first route for such messages and the levels of the topic that its pattern remembers."""
        kind = None if content_type is None else content_type.partition(";")[0].strip().lower()
        for index in self._by_first.get(topic.partition("/")[0], self._open):
            if (found := self._patterns[index].fullmatch(topic)) is not None and self.routes[index].content_type in {
                None,
                kind,
            }:
                return index, found.groupdict()
        return None

    def device_of(self, topic: str) -> str | None:
        """The device id that readings under this topic have, where the topic alone tells it."""
        if (match := self.match(topic)) is None:
            return None
        name = self.device_name(*match)
        return None if name.captured is None else name.prefix + name.captured + name.suffix

    def device_name(self, index: int, captures: Mapping[str, str]) -> DeviceName:
        """The route's device template with everything in place that the topic says."""
        options = self.groups[self.group_of[index]].options
        if "{device}" not in options.device:
            return DeviceName("", _fill(options.device, captures), "", None)
        prefix, suffix = options.device.split("{device}")
        default = _fill(options.default_device, captures) or None
        return DeviceName(_fill(prefix, captures), captures.get("device"), _fill(suffix, captures), default)


def _check(route: Route) -> tuple[Group | None, list[str]]:
    convention, fault = _convention(route.convention)
    if convention is None:
        return None, [fault]
    levels = route.topic.split("/")
    faults = []
    if route.content_type is not None and not _MEDIA_TYPE.fullmatch(route.content_type):
        faults.append(f"the content type {route.content_type!r} is none: type/subtype, in small letters, nothing more")
    if not route.topic:
        faults.append("the topic must not be empty")
    named = {level: _PARTLY.fullmatch(level) or _REST.fullmatch(level) for level in levels}
    if any("#" in level and not named[level] and level != "#" for level in levels) or "#" in levels[:-1]:
        faults.append("# must be the whole last level of a topic, or end a name that is a level: {name#}")
    elif any(("+" in level and level != "+") or (set(level) & {"{", "}"} and not named[level]) for level in levels):
        faults.append(
            "+ and {name} (small letters, digits, _) must each be a level of the topic, {name} or a part of one"
        )
    captured = _NAMES.findall(route.topic)
    if len(set(captured)) < len(captured):
        faults.append("a name may stand in the topic once")
    options, wrong = build_options(convention.engine.options, convention.with_options(route.options))
    faults += wrong
    if options is not None:
        faults += [
            f"the {option} template {template!r} uses {{{name}}}, which the topic does not name"
            for option in options.templates
            if (template := getattr(options, option))
            for name in sorted(set(_PLACEHOLDER.findall(template)) - set(captured))
            if (option, name) != ("device", "device")
        ]
    return (None if faults or options is None else Group(route.convention, convention, options)), faults


def _convention(name: str) -> tuple[Convention | None, str]:
    """The convention of this name, or why there is none."""
    if name.startswith(OWN):
        return own_convention(name)
    if (convention := CONVENTIONS.get(name)) is not None:
        return convention, ""
    near = difflib.get_close_matches(name, CONVENTIONS, n=1)
    hint = f"; did you mean {near[0]!r}?" if near else ""
    return (
        None,
        f"there is no convention {name!r}{hint} (there are: {', '.join(CONVENTIONS)}, and {OWN}module:function)",
    )


def _compile(topic: str) -> re.Pattern[str]:
    """A regular expression; as in MQTT, ``a/#`` matches ``a`` too, and no wildcard matches the ``$`` of a topic."""
    parts = []
    for index, level in enumerate(topic.split("/")):
        slash = "/" if index else ""
        if level == "#":
            parts.append(f"(?:{slash}.*)?" if index else ".*")
        elif level == "+":
            parts.append(f"{slash}[^/]*")
        elif (match := _PARTLY.fullmatch(level)) is not None:
            parts.append(f"{slash}{re.escape(match[1])}(?P<{match[2]}>[^/]*){re.escape(match[3])}")
        elif (match := _REST.fullmatch(level)) is not None:
            parts.append(f"{slash}(?P<{match[1]}>.*)")
        else:
            parts.append(slash + re.escape(level))
    dollar = r"(?!\$)" if topic[0] in "+#{" else ""
    return re.compile(dollar + "".join(parts), re.DOTALL)


def _fill(template: str, captures: Mapping[str, str]) -> str:
    return _PLACEHOLDER.sub(lambda match: captures[match[1]], template)
