"""Sparkplug B (Eclipse Sparkplug 2.2 and 3.0): births, data and deaths of edge nodes and of their devices.

Belongs here: what each kind of message becomes. Does not: data types (``sparkplug_values``), what births say for other
messages (``sparkplug_births``), the wire (``sparkplug_schema``).

* Every metric with a value is a reading, in births too. What is null, transient, of bytes or a definition is none.
* ``online`` is 1 at a birth and 0 at a death; the death of a node is that of its devices. A node's death comes from the
  broker, so its own time is that of the connection's beginning; it happened when it was received.
* The death of a session that another birth has replaced says nothing.
"""

from __future__ import annotations

from typing import Any, Final

from iot_assets.decoders.births import BirthReader, Births
from iot_assets.decoders.by_message import Message
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.readers import sparkplug_births as births_of
from iot_assets.decoders.readers.sparkplug_births import DEEPEST, Address, Fact, Facts, address, parsed
from iot_assets.decoders.readers.sparkplug_values import INTEGERS, BadValueError, as_text, scalar, spread
from iot_assets.decoders.sheet import Sheet, Unreadable

BIRTHS: Final = BirthReader(births_of.is_birth, births_of.read, births_of.understand)

ONLINE: Final = "online"
_HISTORICAL: Final = FLAG_BITS["historical"]
_QUALITY: Final = ("Quality", "quality")
#: Forms that are numbers already, whatever the data type; forms that hold several values.
_PLAIN: Final = frozenset({"double_value", "float_value", "boolean_value"})
_SPREAD: Final = frozenset({"bytes_value", "dataset_value"})
_NOWHERE: Final = Address("", "", "", "", None)
_NOTHING: Final = Facts({}, {}, None)
_NAMELESS: Final = Fact("", 0, None)


def read(message: Message, _options: CommonOptions, sheet: Sheet, births: Births) -> None:
    """Tell the sheet what a Sparkplug message says."""
    where = address(message.topic) or _NOWHERE
    match where.message:
        case "NDATA" | "DDATA":
            _data(message, where, sheet, births)
        case "NBIRTH" | "DBIRTH":
            certificate = parsed(message.payload)
            births_of.announce(sheet, where.sender, certificate)
            _Reading(sheet, where.sender, certificate.timestamp, _NOTHING).metrics(certificate.metrics)
            _online(sheet, where.sender, certificate.timestamp, 1)
        case "NDEATH":
            _node_death(message, where, sheet, births)
        case "DDEATH":
            _online(sheet, where.sender, parsed(message.payload).timestamp, 0)
        case "NCMD" | "DCMD" | "STATE":
            sheet.not_telemetry()
        case _:
            raise Unreadable("unknown_topic", f"{message.topic[:100]} is none of Sparkplug's topics")


def _data(message: Message, where: Address, sheet: Sheet, births: Births) -> None:
    payload = parsed(message.payload)
    sheet.sent_by(where.sender)
    facts = births.of(message.topic, message.row)
    if facts is None:
        if any(_needs_birth(metric) for metric in payload.metrics):
            sheet.hold()
            return
        facts = _NOTHING
    reading = _Reading(sheet, where.sender, payload.timestamp, facts)
    reading.metrics(payload.metrics)
    if not reading.told:
        sheet.not_telemetry()


def _needs_birth(metric: Any) -> bool:
    if not metric.name:
        return True
    form = metric.WhichOneof("value")
    if form == "template_value":
        return any(_needs_birth(member) for member in metric.template_value.metrics)
    return not metric.datatype and (form in INTEGERS or form == "bytes_value")


def _node_death(message: Message, where: Address, sheet: Sheet, births: Births) -> None:
    session = births_of.bdseq(parsed(message.payload))
    sheet.sent_by(where.sender)
    devices = []
    for part, birth in births.before(message.topic, message.row):
        if not part:
            if None not in {session, birth.session} and session != birth.session:
                sheet.not_telemetry()
                return
            break
        devices.append(part)
    for sender in (where.sender, *(f"{where.sender}/{device}" for device in sorted(set(devices)))):
        _online(sheet, sender, None, 0)


def _online(sheet: Sheet, sender: str, milliseconds: int | None, value: int) -> None:
    sheet.record(sender, us=milliseconds * 1000 if milliseconds else None)
    sheet.measure(ONLINE, value)


class _Reading:
    """Reads the metrics of one message into the sheet."""

    def __init__(self, sheet: Sheet, sender: str, milliseconds: int, facts: Facts) -> None:
        self.told = False
        self._sheet, self._sender, self._sent, self._facts = sheet, sender, milliseconds, facts
        self._at: int | None = None

    def metrics(self, metrics: Any, prefix: str = "", depth: int = 0, at: int = 0, flags: int = 0) -> None:
        """Read metrics; those of a template have its time and flags where they tell none of their own."""
        measure, by_alias = self._sheet.measure, self._facts.by_alias
        for metric in metrics:
            if metric.is_null or metric.is_transient:
                continue
            name = metric.name
            name, declared, unit = self._named(prefix, name) if name else by_alias.get(metric.alias, _NAMELESS)
            form = metric.WhichOneof("value")
            time = metric.timestamp or at
            if form is None or not name:
                self._unread(name, metric, time)
                continue
            own = flags | _HISTORICAL if metric.is_historical else flags
            if metric.HasField("properties"):
                unit = births_of.unit_of(metric) or unit
                own |= _quality(metric)
            if form not in _PLAIN:
                self._typed(Fact(name, metric.datatype or declared, unit), metric, depth, time, own)
                continue
            if (time or self._sent) != self._at:
                self._record(time)
            measure(name, getattr(metric, form), unit, own)

    def _named(self, prefix: str, said: str | bytes) -> Fact:
        """A metric that says its name, and what the birth says of it."""
        name = prefix + as_text(said)
        return self._facts.by_name.get(name) or Fact(name, 0, None)

    def _unread(self, name: str, metric: Any, at: int) -> None:
        if name:
            self._fault(name, "missing_value", "it has no value", at)
        else:
            self._fault(f"alias {metric.alias}", "unknown_alias", "no birth names it", at)

    def _typed(self, fact: Fact, metric: Any, depth: int, at: int, flags: int) -> None:
        """Read a value whose meaning depends on its data type, or that holds several."""
        form = metric.WhichOneof("value")
        if form == "template_value":
            self._template(fact.name, metric.template_value, depth, at, flags)
            return
        try:
            if form in _SPREAD:
                found = spread(form, getattr(metric, form), fact.datatype)
            else:
                found = [("", scalar(form, getattr(metric, form), fact.datatype))]
        except BadValueError as bad:
            self._fault(fact.name, "bad_value", str(bad), at)
            return
        for place, value in found:
            name = f"{fact.name}.{place}" if place else fact.name
            if isinstance(value, BadValueError):
                self._fault(name, "bad_value", str(value), at)
            else:
                self._record(at)
                self._sheet.measure(name, value, fact.unit, flags)

    def _record(self, milliseconds: int) -> None:
        """Begin a record where the time is another one than that of the metric before."""
        at = milliseconds or self._sent
        if at != self._at:
            self.told, self._at = True, at
            self._sheet.record(self._sender, us=at * 1000 if at else None)

    def _fault(self, name: str, reason: str, detail: str, at: int) -> None:
        self._record(at)
        self._sheet.fault(name, reason, detail)

    def _template(self, name: str, template: Any, depth: int, at: int, flags: int) -> None:
        if template.is_definition:
            return
        if depth == DEEPEST:
            self._fault(name, "bad_metric", "it lies too deep", at)
            return
        self.metrics(template.metrics, f"{name}.", depth + 1, at, flags)


def _quality(metric: Any) -> int:
    """What the property Quality says: 192 is good, 500 stale; below 192 as in OPC, where 64 and more is uncertain."""
    told = births_of.properties(metric)
    quality = next((told[n] for n in _QUALITY if isinstance(told.get(n), int)), 192)
    if quality < 64:
        return FLAG_BITS["bad_quality"]
    return FLAG_BITS["uncertain"] if quality < 192 or quality == 500 else 0
