"""Births of Sparkplug B: what NBIRTH and DBIRTH say for the messages that come after them.

Belongs here: names, types and units by alias, the session's number, and what a birth announces of its device. Does not:
the values, which are readings as in any other message (``sparkplug_b``).

A birth is kept for two topics: that of its sender's data (what its metrics are), and that of the node's death (which
session it was that died, and which devices were with it).
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from types import MappingProxyType
from typing import Any, Final, NamedTuple

from iot_assets.decoders.births import Birth
from iot_assets.decoders.readers.sparkplug_schema import Payload
from iot_assets.decoders.readers.sparkplug_values import INTEGERS, BadValueError, as_text, scalar
from iot_assets.decoders.sheet import Sheet, Unreadable
from iot_assets.decoders.unpacked import unpack

NAMESPACE: Final = "spBv1.0"
BDSEQ: Final = "bdSeq"
_COMPRESSED: Final = "SPBV1.0_COMPRESSED"
_MOST_UNPACKED: Final = 1 << 24
#: Templates in templates, at most so deep.
DEEPEST: Final = 8
#: The part of a node's own birth among those that its death is read with; devices have names.
_NODE: Final = ""

_UNITS: Final = ("engUnit", "Engineering Unit", "Engineering Units", "engineeringUnit", "Unit", "unit")
_LEAST: Final = ("engLow", "Engineering Low")
_GREATEST: Final = ("engHigh", "Engineering High")
_MEANINGS: Final = ("Documentation", "documentation", "Description", "description", "Tooltip")
_SCALARS: Final = INTEGERS | {"float_value", "double_value", "boolean_value", "string_value"}
_FACTS: Final = MappingProxyType(
    {
        "Hardware Make": "manufacturer",
        "Hardware Model": "model",
        "Firmware Version": "firmware",
        "FW": "firmware",
        "SW Version": "firmware",
        "Software Version": "firmware",
    }
)


class Address(NamedTuple):
    """What a topic says."""

    root: str
    """What stands before the namespace, with its slash."""
    group: str
    message: str
    node: str
    device: str | None

    @property
    def sender(self) -> str:
        """The device id: the node, or a device of it."""
        return f"{self.group}/{self.node}" + (f"/{self.device}" if self.device is not None else "")

    def topic(self, message: str, device: str | None) -> str:
        """Topic of another kind of message of this node, or of a device of it."""
        node = f"{self.root}{NAMESPACE}/{self.group}/{message}/{self.node}"
        return node if device is None else f"{node}/{device}"


class Fact(NamedTuple):
    """What a birth says of a metric."""

    name: str
    datatype: int
    unit: str | None


@dataclass(frozen=True, slots=True)
class Facts:
    """What a birth says of all metrics, or (in a node's death) which session it began."""

    by_alias: dict[int, Fact]
    by_name: dict[str, Fact]
    session: int | None


@lru_cache(maxsize=1 << 16)
def address(topic: str) -> Address | None:
    """What a topic says; None where it is none of Sparkplug's."""
    levels = topic.split("/")
    try:
        start = levels.index(NAMESPACE)
    except ValueError:
        return None
    root = "".join(f"{level}/" for level in levels[:start])
    match levels[start + 1 :]:
        case ["STATE", *_]:
            return Address(root, "", "STATE", "", None)
        case [group, message, node]:
            return Address(root, group, message, node, None)
        case [group, message, node, device]:
            return Address(root, group, message, node, device)
        case _:
            return None


def parsed(payload: bytes) -> Any:
    """The payload, unpacked where its sender compressed what is inside.

    Raises:
        Unreadable: it is no Sparkplug payload.
    """
    try:
        found = Payload.FromString(payload)
        if found.uuid == _COMPRESSED:
            found = Payload.FromString(unpack(found.body, _MOST_UNPACKED))
    except Exception as error:  # its DecodeError is another class in each of its implementations
        raise Unreadable("malformed_protobuf", f"it begins {payload[:60]!r}") from error
    return found


def is_birth(topic: str) -> bool:
    """Whether messages of this topic are births."""
    return (where := address(topic)) is not None and where.message in {"NBIRTH", "DBIRTH"}


def read(topic: str, payload: bytes) -> list[Birth]:
    """What a birth says for later messages."""
    where = address(topic)
    if where is None:
        return []
    try:
        certificate = parsed(payload)
    except Unreadable:
        return []
    told = [
        (as_text(name), metric.alias if metric.HasField("alias") else None, metric.datatype, unit_of(metric))
        for name, metric in metrics_of(certificate.metrics)
    ]
    metrics = json.dumps(told, ensure_ascii=False, separators=(",", ":")).encode()
    session = json.dumps(bdseq(certificate)).encode()
    of_node = where.device is None
    return [
        Birth(where.topic("NDATA" if of_node else "DDATA", where.device), _NODE, metrics),
        Birth(where.topic("NDEATH", None), where.device or _NODE, session if of_node else b"null"),
    ]


def understand(value: bytes) -> Facts:
    """From the value of a birth to what it says."""
    told = json.loads(value)
    if not isinstance(told, list):
        return Facts({}, {}, told)
    facts = [(alias, Fact(name, datatype, unit)) for name, alias, datatype, unit in told]
    by_alias = {alias: fact for alias, fact in facts if alias is not None}
    return Facts(by_alias, {fact.name: fact for _, fact in facts}, None)


def metrics_of(metrics: Any, prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Each metric with its name, those inside of templates too."""
    for metric in metrics:
        name = prefix + as_text(metric.name)
        yield name, metric
        if metric.WhichOneof("value") == "template_value" and depth < DEEPEST:
            yield from metrics_of(metric.template_value.metrics, f"{name}.", depth + 1)


def bdseq(certificate: Any) -> int | None:
    """The number of the session that a node's birth begins and its death ends."""
    for metric in certificate.metrics:
        if metric.name == BDSEQ and (form := metric.WhichOneof("value")) in INTEGERS:
            return int(getattr(metric, form))
    return None


def properties(metric: Any) -> dict[str, Any]:
    """The properties of a metric, by name; those without a value, or with one that is none of its type, left out."""
    found: dict[str, Any] = {}
    for key, value in zip(metric.properties.keys, metric.properties.values, strict=False):
        form = value.WhichOneof("value")
        if form is None or value.is_null:
            continue
        try:
            found[as_text(key)] = scalar(form, getattr(value, form), value.type)
        except BadValueError:
            continue
    return found


def unit_of(metric: Any) -> str | None:
    """The engineering unit, where the metric tells one."""
    if not metric.HasField("properties"):
        return None
    return _text(properties(metric), _UNITS)


def announce(sheet: Sheet, sender: str, certificate: Any) -> None:
    """What a birth says of its device and of its metrics, for the registry."""
    facts: dict[str, str] = {}
    others: dict[str, Any] = {}
    for name, metric in metrics_of(certificate.metrics):
        head, _, rest = name.partition("Properties/")
        form = metric.WhichOneof("value")
        if not head and rest and form in _SCALARS:
            try:
                value = scalar(form, getattr(metric, form), metric.datatype)
            except BadValueError:
                continue
            if isinstance(value, str) and rest in _FACTS:
                facts.setdefault(_FACTS[rest], value)
            elif not isinstance(value, float) or math.isfinite(value):
                others[rest] = value
        _announce_metric(sheet, sender, name, metric)
    attributes = json.dumps(others, ensure_ascii=False, allow_nan=False, sort_keys=True) if others else None
    sheet.announce(sender, **facts, attributes=attributes)


def _announce_metric(sheet: Sheet, sender: str, name: str, metric: Any) -> None:
    if not name or not metric.HasField("properties"):
        return
    told = properties(metric)
    unit, meaning = _text(told, _UNITS), _text(told, _MEANINGS)
    least, greatest = _number(told, _LEAST), _number(told, _GREATEST)
    if least is not None and greatest is not None and least > greatest:
        least = greatest = None
    if (unit, meaning, least, greatest) != (None, None, None, None):
        sheet.announce_metric(sender, name, unit=unit, min=least, max=greatest, description=meaning)


def _text(told: dict[str, Any], names: tuple[str, ...]) -> str | None:
    return next((told[n] for n in names if isinstance(told.get(n), str) and told[n]), None)


def _number(told: dict[str, Any], names: tuple[str, ...]) -> float | None:
    found = (told[n] for n in names if isinstance(told.get(n), int | float))
    return next((float(n) for n in found if math.isfinite(n)), None)
