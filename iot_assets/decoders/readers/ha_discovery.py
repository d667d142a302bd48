"""Home Assistant's MQTT discovery: what devices and their entities are; never telemetry.

One message tells of one entity, or (component ``device``) of all that a device has. A device is announced under the id
that readings under its state topic have; where no route can tell that id, under its name, else its first identifier.
A metric is named by the value template (``{{ value_json.a.b }}`` is ``a.b``), else by the state topic's last level.

Belongs here: discovery messages, their abbreviations and base topics. Does not: states (the routes of their topics).
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.nested import as_list, as_name, as_object
from iot_assets.units import code

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

#: Abbreviations of what is read here.
_LONG: Final = {
    "cmps": "components",
    "dev": "device",
    "json_attr_t": "json_attributes_topic",
    "p": "platform",
    "stat_t": "state_topic",
    "t": "topic",
    "unit_of_meas": "unit_of_measurement",
    "val_tpl": "value_template",
}
_LONG_OF_DEVICE: Final = {
    "cns": "connections",
    "cu": "configuration_url",
    "hw": "hw_version",
    "ids": "identifiers",
    "mdl": "model",
    "mdl_id": "model_id",
    "mf": "manufacturer",
    "sa": "suggested_area",
    "sn": "serial_number",
    "sw": "sw_version",
}
_TOPICS: Final = ("state_topic", "topic", "json_attributes_topic")
_ATTRIBUTES: Final = (
    "name",
    "identifiers",
    "connections",
    "model_id",
    "hw_version",
    "serial_number",
    "suggested_area",
    "via_device",
    "configuration_url",
)
_STEP: Final = r"""\.get\(\s*['"][^'"]*['"]|\.[A-Za-z_]\w*(?!\w*\()|\[\s*['"]?[^'"\]]*['"]?\s*\]"""
_PATH: Final = re.compile(rf"value_json((?:{_STEP})+)")
_NAME: Final = re.compile(r"""\.get\(\s*['"]([^'"]*)|\.([A-Za-z_]\w*)|\[\s*['"]?([^'"\]]*?)['"]?\s*\]""")


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - it has none of its own
    """One discovery message; an empty one takes the entity away."""
    if message.payload and message.topic.endswith("/config"):
        _announce(_spelled_out(message.json_object(), _LONG), sheet)
    sheet.not_telemetry()


def _announce(told: dict[str, Any], sheet: Sheet) -> None:
    device = _spelled_out(as_object(told.get("device")), _LONG_OF_DEVICE)
    entities = list(_entities(told))
    topics = [topic for entity in entities if (topic := _topic(entity)) is not None]
    fallback = as_name(device.get("name")) or next(_identifiers(device), None)
    if device:
        attributes = {name: device[name] for name in _ATTRIBUTES if device.get(name)}
        sheet.announce(
            fallback,
            topic=topics[0] if topics else None,
            manufacturer=as_name(device.get("manufacturer")),
            model=as_name(device.get("model")),
            firmware=as_name(device.get("sw_version")),
            attributes=json.dumps(attributes, ensure_ascii=False) if attributes else None,
        )
    for entity in entities:
        topic = _topic(entity)
        if (metric := _metric(entity, topic)) is not None:
            settable = entity.get("platform") == "number"
            sheet.announce_metric(
                fallback,
                metric,
                topic=topic,
                unit=code(as_name(entity.get("unit_of_measurement")) or "") or None,
                min=_number(entity.get("min")) if settable else None,
                max=_number(entity.get("max")) if settable else None,
                description=as_name(entity.get("name")),
            )


def _spelled_out(told: Mapping[str, Any], long: Mapping[str, str]) -> dict[str, Any]:
    return {long.get(key, key): value for key, value in told.items()}


def _entities(told: dict[str, Any]) -> Iterator[dict[str, Any]]:
    """The entities of a message, each with what the message says for all of them."""
    if "components" not in told:
        yield told
    shared = {name: told[name] for name in (*_TOPICS, "~") if name in told}
    for about in as_object(told.get("components")).values():
        entity = _spelled_out(as_object(about), _LONG)
        # Of a topic for all, an entity takes its part by a template; a button beside it takes none.
        yield shared | entity if "value_template" in entity else {"~": told.get("~")} | entity


def _topic(entity: dict[str, Any]) -> str | None:
    """The topic that the entity's values come under."""
    topic: str | None = next((entity[name] for name in _TOPICS if isinstance(entity.get(name), str)), None)
    if topic is None or not isinstance(base := entity.get("~"), str):
        return topic
    if topic.startswith("~"):
        return base + topic[1:]
    return topic[:-1] + base if topic.endswith("~") else topic


def _metric(entity: dict[str, Any], topic: str | None) -> str | None:
    if topic is None or not isinstance(entity.get("state_topic"), str):
        return None
    template = entity.get("value_template")
    if isinstance(template, str) and (path := _PATH.search(template)) is not None:
        return ".".join("".join(names) for names in _NAME.findall(path[1])) or None
    return topic.rpartition("/")[2] or None


def _identifiers(device: dict[str, Any]) -> Iterator[str]:
    told = device.get("identifiers")
    for identifier in as_list(told) if isinstance(told, list) else [told]:
        if (name := as_name(identifier)) is not None:
            yield name
    for connection in as_list(device.get("connections")):
        if (kind_and_name := as_list(connection)) and (name := as_name(kind_and_name[-1])) is not None:
            yield name


def _number(told: Any) -> float | None:
    return float(told) if isinstance(told, (int, float)) and not isinstance(told, bool) and abs(told) < 1e300 else None
