"""The conventions, by name: which engine reads them, with which options, and what they are.

Belongs here: one line of meaning and the defaults of each. Does not: how an engine works (its own module), which
topics carry a convention (``routes``).
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any, Final

from iot_assets.decoders import json_record, text_lines
from iot_assets.decoders.births import BirthReader
from iot_assets.decoders.by_message import ByMessage, Reader
from iot_assets.decoders.found import Found
from iot_assets.decoders.json_options import JsonRecordOptions
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.readers import (
    chirpstack,
    cloudevents,
    collectd,
    csv_lines,
    ha_discovery,
    homie,
    hsl_hfp,
    influx_line,
    kepserver,
    meshtastic,
    not_telemetry,
    opcua_pubsub,
    owntracks,
    rtl_433,
    senml,
    shelly,
    shelly_gen1,
    sitewise,
    smartrest,
    sparkplug_b,
    tasmota,
    thethingsstack,
    thingsboard_gateway,
    victron,
    wis2,
    zigbee2mqtt,
    zwave_js_ui,
)


@dataclass(frozen=True, slots=True)
class Engine:
    """A way to read payloads: from the view ``intake`` to what is found and the view ``records`` (see ``found``)."""

    name: str
    options: type[CommonOptions]
    read: Callable[..., Found]
    """Called with the connection, the options and the bounds; where there are births, with these by name."""
    births: BirthReader | None = None
    """How births are read, where messages are read with others that came before."""


@dataclass(frozen=True, slots=True)
class Convention:
    """An engine with its defaults."""

    engine: Engine
    description: str
    """What a message holds, in a few words."""
    defaults: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    """Markdown for the docs: what the description and the example leave open."""

    def with_options(self, given: Mapping[str, Any]) -> dict[str, Any]:
        """The defaults with a route's options instead; of tables (limits, units) entry by entry."""
        return {**self.defaults} | {
            name: {**self.defaults[name], **value}
            if isinstance(value, Mapping) and isinstance(self.defaults.get(name), Mapping)
            else value
            for name, value in given.items()
        }


_JSON: Final = Engine("json_record", JsonRecordOptions, json_record.read)
_TEXT_LINES: Final = Engine("text_lines", CommonOptions, text_lines.read)


def _read_by(reader: Reader, options: type[CommonOptions] = CommonOptions, *, reads_empty: bool = False) -> Engine:
    """The engine for a convention that has a reader of its own."""
    return Engine(reader.__module__.rpartition(".")[2], options, ByMessage(reader, reads_empty))


_DEVICE_FIELDS: Final = ("device_id", "deviceId", "device", "sensor_id", "sensorId", "id")
_TIME_FIELDS: Final = ("timestamp", "time", "ts", "datetime", "dt", "event_at")

CONVENTIONS: Final[Mapping[str, Convention]] = MappingProxyType(
    {
        "sensor_value": Convention(
            _JSON,
            "one value a message: id or sensor_id, dt or timestamp, value, and where given type and unit",
            {
                "device_field": ("id", "sensor_id"),
                "time_field": ("dt", "timestamp"),
                "value_field": ("value",),
                "metric_field": ("type",),
                "unit_field": ("unit",),
                "strings": "number",
            },
        ),
        "telemetry": Convention(
            _JSON,
            "device_id, timestamp, temperature, humidity, pressure, battery_level; version 2: location, too",
            {
                "device_field": ("device_id",),
                "time_field": ("timestamp",),
                "limits": {
                    "temperature": (-50, 100),
                    "humidity": (0, 100),
                    "pressure": (800, 1200),
                    "battery_level": (0, 100),
                    "location.lat": (-90, 90),
                    "location.lon": (-180, 180),
                },
                "units": {
                    "temperature": "Cel",
                    "humidity": "%",
                    "pressure": "hPa",
                    "battery_level": "%",
                    "location.lat": "deg",
                    "location.lon": "deg",
                },
            },
        ),
        "flat_json": Convention(
            _JSON,
            "every field of the object is a metric; fields of objects in it get dotted names",
            {"device_field": _DEVICE_FIELDS, "time_field": _TIME_FIELDS},
        ),
        "json_lines": Convention(
            _JSON,
            "JSON lines (NDJSON): each line an object like those of flat_json",
            {"device_field": _DEVICE_FIELDS, "time_field": _TIME_FIELDS, "lines": True},
        ),
        "device_events": Convention(
            _JSON,
            "events of smart devices, in any of three shapes; whatever the shape, a fact is the same metric",
            {
                "device_field": ("device_id",),
                "time_field": ("timestamp",),
                "rename": {
                    "location.latitude": "latitude",
                    "location.longitude": "longitude",
                    "anomaly_detected": "anomaly",
                    "is_anomaly": "anomaly",
                },
                "units": {
                    "humidity": "%",
                    "battery_level": "%",
                    "energy_consumption": "kWh",
                    "latitude": "deg",
                    "longitude": "deg",
                    "signal_strength": "dBm",
                    "uptime_hours": "h",
                },
                "limits": {
                    "energy_consumption": (0, None),
                    "humidity": (0, 100),
                    "battery_level": (0, 100),
                    "latitude": (-90, 90),
                    "longitude": (-180, 180),
                },
            },
            note=(
                "Temperatures have no unit by default, since not all senders use the same; where yours do, set it in "
                "`units`."
            ),
        ),
        "bare_value": Convention(
            _JSON,
            "one value and nothing around it; the topic says which device and which metric",
            {"metric": "{metric}", "plain": True, "strings": "number_or_text", "time_field": _TIME_FIELDS},
            note=(
                "The route's topic must name `{metric}`. `true` and `false` are 1 and 0, any other word is text. "
                "Fields of an object are named after the metric: `location.latitude`."
            ),
        ),
        "thingsboard": Convention(
            _JSON,
            "ThingsBoard's device API: values, or values with ts, or an array of either",
            {"time_field": ("ts",), "fields": ("values", ".")},
            note=(
                "Devices that publish as `me` are all the device `me`, since only ThingsBoard's own broker knows whose "
                "connection it is: let each use a topic of its own."
            ),
        ),
        "thingsboard_gateway": Convention(
            _read_by(thingsboard_gateway.read), "ThingsBoard's gateway API: the telemetry of several devices by name"
        ),
        "thin_edge": Convention(
            _JSON,
            "thin-edge.io measurements, flat or in groups, with a time or without",
            {"time_field": ("time",), "drop": ("type",)},
            note=(
                "The type of a measurement, at the end of the topic, is no part of the metric; where two types of one "
                'device use the same name, set `metric = "{type}"` in a route of your own.'
            ),
        ),
        "umh": Convention(
            _JSON,
            "United Manufacturing Hub, schema _historian: tags and groups of tags",
            {"time_field": ("timestamp_ms",), "epoch_unit": "ms"},
            note="The device is the path from the enterprise down; levels after `_historian` are groups of tags.",
        ),
        "tasmota": Convention(
            _read_by(tasmota.read),
            "Tasmota: sensors, power and state of a device",
            note=(
                "Times are local to the device and name no zone: set `timezone`. Where the device sends the epoch, "
                "too, that is taken. Units of temperature, pressure and speed are those that the message names."
            ),
        ),
        "zigbee2mqtt": Convention(
            _read_by(zigbee2mqtt.read, reads_empty=True),
            "Zigbee2MQTT: what a device says, under its friendly name",
            {
                "units": {
                    "temperature": "Cel",
                    "device_temperature": "Cel",
                    "local_temperature": "Cel",
                    "occupied_heating_setpoint": "Cel",
                    "humidity": "%",
                    "soil_moisture": "%",
                    "battery": "%",
                    "pressure": "hPa",
                    "illuminance_lux": "lx",
                    "power": "W",
                    "current": "A",
                    "energy": "kWh",
                    "ac_frequency": "Hz",
                    "co2": "ppm",
                    "pm25": "ug/m3",
                }
            },
            note=(
                "The time is `last_seen`, where the bridge sends it. The bridge's list of devices fills the registry, "
                "with units and limits."
            ),
        ),
        "shelly": Convention(
            _read_by(shelly.read),
            "Shelly, generation 2 and later: state of the components, in notifications or one by one",
            note=(
                "A metric is component and field, `switch:0.apower`. Events (buttons) are no telemetry. A device with "
                "a topic prefix of its own needs a route for its `status` topics; its notifications need none."
            ),
        ),
        "shelly_gen1": Convention(
            _read_by(shelly_gen1.read),
            "Shelly, generation 1: a topic for each value",
            note=(
                "Energy is in watt-minutes, and in watt-hours where a meter (`emeter`) counts. `on` and `off` of "
                "relays and lights are 1 and 0."
            ),
        ),
        "zwave_js_ui": Convention(
            _read_by(zwave_js_ui.read),
            "Z-Wave JS UI: a topic for each value of a node, by names or by numbers",
            note="The device is the node, with its location before it; the metric is all from the command class on.",
        ),
        "victron": Convention(
            _read_by(victron.read, reads_empty=True),
            "Victron Venus OS: a topic for each value of each service",
            note=(
                "The device is `portal/service/instance`. A null, or an empty payload (the device is gone), is no "
                "telemetry; nor are settings."
            ),
        ),
        "rtl_433": Convention(
            _read_by(rtl_433.read),
            "rtl_433: radio sensors, as events or a topic for each value",
            note=(
                "The device is type, model, subtype, channel and id as far as the sensor has them: `Nexus-TH/2/42`, "
                "whichever receiver heard it. Times are local to the receiver unless it says otherwise: set `timezone`."
            ),
        ),
        "openmqttgateway": Convention(
            _JSON,
            "OpenMQTTGateway and Theengs Gateway: Bluetooth sensors; numbers may come as strings",
            {
                "time_field": ("unixtime", "UTCtime"),
                "strings": "number_or_text",
                "drop": (
                    *(
                        "id",
                        "name",
                        "brand",
                        "model",
                        "model_id",
                        "type",
                        "mfr",
                        "mac",
                        "mac_type",
                        "adv_type",
                        "prmac",
                    ),
                    *("servicedata", "servicedatauuid", "manufacturerdata", "cidc", "acts", "cont", "track"),
                    *("unixtime", "UTCtime"),
                ),
                "units": {
                    "tempc": "Cel",
                    "tempf": "[degF]",
                    "hum": "%",
                    "batt": "%",
                    "volt": "V",
                    "rssi": "dBm",
                    "lux": "lx",
                    "moi": "%",
                    "pres": "hPa",
                    "distance": "m",
                },
            },
            note="The device is the last level of the topic, its address without colons.",
        ),
        "owntracks": Convention(
            _read_by(owntracks.read, reads_empty=True),
            "OwnTracks: positions of phones",
            note="The time is that of the fix (`tst`). All but locations is no telemetry; so is what is encrypted.",
        ),
        "not_telemetry": Convention(
            _read_by(not_telemetry.read, reads_empty=True),
            "topics that are known and carry no readings: commands, availability, configuration",
        ),
        "text_lines": Convention(
            _TEXT_LINES,
            "lines `epoch name value`, any number of them; the topic says which device",
            {"keep_all": True},
            note="A bad line is a reject; the other lines of its body are read all the same.",
        ),
        "csv_lines": Convention(
            _read_by(csv_lines.read, csv_lines.CsvOptions),
            "lines of comma-separated values, each a record; the first names the columns, unless the route does",
            note="Numbers, `true` and `false` are read as such, empty cells measure nothing, all else is text.",
        ),
        "influx_line": Convention(
            _read_by(influx_line.read, influx_line.InfluxLineOptions),
            "InfluxDB line protocol: `measurement,tag=value field=value,… time`, each line a record",
            note=(
                "Metrics are `measurement.field`. One tag names the device; the others are part of what is measured "
                "and stand in the metric's name in the order of their keys: `disk.fstype=ext4.path=/.used`. The "
                "precision of times is the option `epoch_unit`."
            ),
        ),
        "senml": Convention(
            _read_by(senml.read),
            "SenML (RFC 8428), in JSON or CBOR: a pack of records with what they have in common in base fields",
            note=(
                "The base name is the device and the name the metric; a name in one piece is parted after the device's "
                "own URN (`urn:dev:ow:10e2073a0108006:voltage`), else at its last slash, and what names a device alone "
                "has the metric `value`. A name without `/` and `:` is a metric, and the topic must say the device. "
                "Slashes and colons in metrics become dots. A sum is the metric `<name>.sum`, its unit times seconds. "
                "Units become UCUM codes. Times below 2**28 are relative to the received time."
            ),
        ),
        "collectd": Convention(
            _read_by(collectd.read),
            "collectd's plain format: `time:value`, or several values; host, plugin and type are levels of the topic",
            note="Several values of one type have the names that collectd gives them, else numbers from 0.",
        ),
        "smartrest": Convention(
            _read_by(smartrest.read),
            "Cumulocity SmartREST, static templates: measurements (2xx) and places (401, 402), named `fragment.series`",
            note=(
                "The device is the last level of the topic; what comes from the gateway itself is `main`. Hardware, "
                "firmware and interval (100, 110, 115, 117) go to the registry; all else is no telemetry."
            ),
        ),
        "ha_discovery": Convention(
            _read_by(ha_discovery.read, reads_empty=True),
            "Home Assistant's MQTT discovery: devices and their entities, for the registry; never telemetry",
            note=(
                "Abbreviations, base topics (`~`) and device-based discovery are understood. A device is announced "
                "under the id that readings under its state topic have; where the topic's route cannot tell, under its "
                "name, else its first identifier. A metric is named by the value template (`{{ value_json.a.b }}` is "
                "`a.b`), else by the last level of the state topic."
            ),
        ),
        "homie": Convention(
            _read_by(homie.read, reads_empty=True),
            "Homie 3, 4 and 5: a topic a property, its value as text; metrics are `node.property`",
            note=(
                "Numbers, `true` and `false` are read as such, all else is text. Names, units and bounds of properties "
                "go to the registry. Other attributes (`$state`, …) and commands (`set`) are no telemetry."
            ),
        ),
        "chirpstack": Convention(
            _read_by(chirpstack.read),
            "ChirpStack v4: what a LoRaWAN device measured (the codec's object) and how well it was heard, in JSON",
            note=(
                "The device is its EUI. Measurements keep the names that the codec gives them; the radio link is under "
                "`link.`, told by the gateway that heard the device best. Without a codec there is only the link. "
                "A join tells the registry about the device; acknowledgements and logs are no telemetry."
            ),
        ),
        "thethingsstack": Convention(
            _read_by(thethingsstack.read),
            "The Things Stack v3: what a LoRaWAN device measured (the decoded payload) and how well it was heard",
            note=(
                "The device is `application@tenant/device`, since a device's name is unique in its application only. "
                "The time is the network server's. Normalized payloads are under `normalized.`, with their units. What "
                "The Things Stack leaves out because it is zero (frame counter, signal-to-noise ratio) is 0. A "
                "simulated uplink is flagged `uncertain`."
            ),
        ),
        "meshtastic": Convention(
            _read_by(meshtastic.read),
            "Meshtastic: telemetry and positions of mesh nodes, from the JSON that gateways publish",
            note=(
                "The device is the node that sent the packet (`!7efeee00`), whichever gateway heard it. Node "
                "information goes to the registry; texts, waypoints and encrypted packets are no telemetry."
            ),
        ),
        "sparkplug_b": Convention(
            Engine("sparkplug_b", CommonOptions, ByMessage(sparkplug_b.read), sparkplug_b.BIRTHS),
            "Sparkplug B: births, data and deaths of edge nodes and their devices, in Protocol Buffers",
            note=(
                "The device is `group/node` or `group/node/device`. What a birth says of aliases, types and units "
                "holds until the next one; data whose birth has not arrived is held, and read when it has. More in "
                "[Sparkplug B](sparkplug.md)."
            ),
        ),
        "sitewise": Convention(
            _read_by(sitewise.read),
            "AWS IoT SiteWise: time, quality and value of properties, put, streamed or notified",
            note="An alias `/plant/line/power` is the metric `power` of the device `plant/line`; without an alias, "
            "the asset is the device and the property the metric.",
        ),
        "opcua_pubsub": Convention(
            _read_by(opcua_pubsub.read),
            "OPC UA PubSub in JSON, and the samples and batches of OPC Publisher",
            note=(
                "The device is `publisher/writer`. Each field has its own source time. A status code that is not good "
                "flags the reading `uncertain` or `bad_quality`; a field without a value measures nothing. Arrays are "
                "left out. Metadata, keep-alive messages and events are no telemetry."
            ),
        ),
        "cloudevents": Convention(
            _read_by(cloudevents.read),
            "CloudEvents 1.0 around JSON or plain text: structured, as a batch, or in headers and user properties",
            note="The device is the source, with the subject after a slash. Data of another content type is a reject.",
        ),
        "hsl_hfp": Convention(
            _read_by(hsl_hfp.read),
            "HFP: positions and events of Helsinki's buses, trams and trains",
            note="The device is operator and vehicle number as they stand in the topic; events other than positions "
            "have a metric `event`.",
        ),
        "kepserver": Convention(
            _read_by(kepserver.read),
            "KEPServerEX IoT Gateway: tags with value, quality and time",
            note="A tag `Channel.Device.Group.Tag` is the metric `Group.Tag` of the device `Channel.Device`.",
        ),
        "wis2": Convention(
            _read_by(wis2.read),
            "WIS2 notifications of weather data: recognised, and no telemetry",
        ),
    }
)
