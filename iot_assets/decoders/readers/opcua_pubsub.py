"""OPC UA PubSub in JSON (OPC 10000-14), and what OPC Publisher makes of it: single samples, batches, a wrapper.

Belongs here: network messages, data set messages, data values, variants, status codes. Does not: UADP, which is binary;
events and alarms, which are no readings.

The device is ``publisher/writer``; a sample of a single node is named by the identifier of its node id, since display
names are not unique.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.json_flat import MAX_DEPTH
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.nested import as_name, as_number, as_object, as_time
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

_DATA_VALUE: Final = frozenset({"Value", "StatusCode", "SourceTimestamp", "ServerTimestamp"})
_SILENT: Final = frozenset({"ua-keepalive", "ua-event", "ua-condition"})
#: Built-in types that JSON cannot hold as numbers, so that they are spelled: Int64 and UInt64.
_SPELLED: Final = (8, 9, "Int64", "UInt64")
#: How floating-point numbers are spelled that JSON does not have.
_NO_NUMBERS: Final = frozenset({"NaN", "Infinity", "-Infinity"})
_UNCERTAIN, _BAD = FLAG_BITS["uncertain"], FLAG_BITS["bad_quality"]


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what all the data sets in the message say; a message that only keeps alive or describes says nothing."""
    tree = message.json()
    if isinstance(tree, dict) and "body" in tree and "Messages" not in tree:
        tree = tree["body"]
    told = False
    for network in tree if isinstance(tree, list) else [tree]:
        if not isinstance(network, dict):
            raise Unreadable("not_an_object", f"it begins {message.text()[:60]!r}")
        told |= _network(network, message.captures, sheet)
    if not told:
        sheet.not_telemetry()


def _network(network: dict[str, Any], captures: Mapping[str, str], sheet: Sheet) -> bool:
    """Tell what a network message says (or what stands in its place, where headers are left out)."""
    publisher = as_name(network.get("PublisherId")) or captures.get("publisher")
    time = _instant(network.get("Timestamp"))
    if "Messages" in network:
        sets = network["Messages"]
        told = False
        for said in sets if isinstance(sets, list) else [sets]:
            told |= _data_set(as_object(said), publisher, captures, time, sheet)
        return told
    if "NodeId" in network and "Value" in network:
        return _sample(network, publisher, captures, sheet)
    kind = network.get("MessageType")
    if "Payload" not in network and isinstance(kind, str) and kind.startswith("ua-"):
        return False  # metadata, status, a connection and the like
    return _data_set(network, publisher, captures, time, sheet)


def _data_set(
    said: dict[str, Any], publisher: str | None, captures: Mapping[str, str], time: str | None, sheet: Sheet
) -> bool:
    kind = said.get("MessageType")
    if isinstance(kind, str) and kind in _SILENT:
        return False
    bare = not isinstance(said.get("Payload"), dict)  # the header is left out
    writer = None if bare else as_name(said.get("DataSetWriterName")) or as_name(said.get("DataSetWriterId"))
    if not bare:
        time = _instant(said.get("Timestamp")) or time
    fields = said if bare else said["Payload"]
    return _Fields(_device(publisher, writer or captures.get("writer")), time, sheet).tell(
        fields, _quality(None if bare else said.get("Status"))
    )


def _sample(said: dict[str, Any], publisher: str | None, captures: Mapping[str, str], sheet: Sheet) -> bool:
    extra = as_object(said.get("ExtensionFields"))
    device = _device(
        as_name(extra.get("PublisherId")) or publisher,
        as_name(said.get("DataSetWriterName")) or as_name(extra.get("DataSetWriterId")) or captures.get("writer"),
    )
    device = device or as_name(said.get("ApplicationUri")) or as_name(said.get("EndpointUrl"))
    node = as_name(said["NodeId"]) or as_name(said.get("DisplayName")) or ""
    metric = node.rpartition(";")[2].removeprefix("s=")
    fields = _Fields(device, _instant(said.get("Timestamp")), sheet)
    return fields.tell({metric: said["Value"]}, _quality(said.get("Status")))


def _device(publisher: str | None, writer: str | None) -> str | None:
    return "/".join(part for part in (publisher, writer) if part) or None


class _Fields:
    """The fields of one data set on their way to the sheet: those of one instant share a record."""

    def __init__(self, device: str | None, time: str | None, sheet: Sheet) -> None:
        self._device, self._time, self._sheet = device, time, sheet
        self._begun: str | None = None
        self._told = False

    def tell(self, fields: dict[str, Any], flags: int) -> bool:
        """Measure them all; whether there was anything to measure."""
        for name, value in fields.items():
            self._field(name, value, flags, self._time, 0)
        return self._told

    def _field(self, name: str, value: Any, flags: int, time: str | None, depth: int) -> None:
        kind = None
        while isinstance(value, dict) and depth <= MAX_DEPTH:
            depth += 1
            if not _DATA_VALUE.isdisjoint(value):
                flags |= _quality(value.get("StatusCode"))
                time = _instant(value.get("SourceTimestamp")) or _instant(value.get("ServerTimestamp")) or time
                kind, value = value.get("UaType", kind), value.get("Value")
            elif "Body" in value and ("Type" in value or "TypeId" in value):
                kind, value = value.get("Type"), value["Body"]
            elif "Text" in value and value.keys() <= {"Text", "Locale"}:
                value = value["Text"]
            else:
                for inner, one in value.items():
                    self._field(f"{name}.{inner}", one, flags, time, depth)
                return
        if value is None or isinstance(value, list):
            return
        if not self._told or time != self._begun:
            self._told, self._begun = True, time
            self._sheet.record(self._device, time=time)
        if isinstance(value, dict):
            self._sheet.fault(name, "bad_metric", "it lies too deep")
        elif isinstance(value, str) and value in _NO_NUMBERS:
            self._sheet.fault(name, "bad_value", value)
        else:
            spelled = isinstance(value, str) and not isinstance(kind, (dict, list)) and kind in _SPELLED
            number = as_number(value) if spelled else None
            self._sheet.measure(name, value if number is None else number, flags=flags)


def _instant(value: Any) -> str | None:
    """A time, but for the least that OPC UA has, which means none."""
    text = as_time(value)
    return None if text is not None and text.startswith("0001-01-01") else text


def _quality(status: Any) -> int:
    """Flags of a status code: its two highest bits are its severity."""
    code = status.get("Code", 0) if isinstance(status, dict) else status
    symbol = status.get("Symbol") if isinstance(status, dict) else status
    if isinstance(code, int) and code:
        return (0, _UNCERTAIN, _BAD, _BAD)[code >> 30 & 3]
    if isinstance(symbol, str):
        return _BAD if symbol.startswith("Bad") else _UNCERTAIN if symbol.startswith("Uncertain") else 0
    return 0
