"""AWS IoT SiteWise: time, quality and value of properties, as they are put, streamed and notified.

Belongs here: entries of BatchPutAssetPropertyValue, notifications of new values, and the flat records that stream
publishers send. Does not: what an asset is.

An alias such as ``/company/windfarm/3/turbine/7/power`` is the device before the last slash and the metric after it.
"""

from __future__ import annotations

from typing import Any, Final

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.nested import as_list, as_name, as_object, as_time
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

_FLAGS: Final = {"BAD": FLAG_BITS["bad_quality"], "UNCERTAIN": FLAG_BITS["uncertain"]}
_KINDS: Final = ("doubleValue", "integerValue", "booleanValue", "stringValue")


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the entries say."""
    tree = message.json()
    if isinstance(tree, dict):
        tree = tree.get("entries", tree.get("payload", tree))
    entries = tree if isinstance(tree, list) else [tree]
    if not entries or not all(isinstance(entry, dict) for entry in entries):
        raise Unreadable("not_an_object", f"it begins {message.text()[:60]!r}")
    begun = None
    for entry in entries:
        device, metric = _named(entry)
        values = entry.get("propertyValues", entry.get("values"))
        for said in [entry] if values is None else as_list(values):
            value = as_object(said)
            head = device, *_timed(value.get("timestamp"))
            if head != begun:  # what one device says of one instant shares a record
                sheet.record(device, time=head[1], us=head[2])
                begun = head
            _measure(metric, value, sheet)


def _named(entry: dict[str, Any]) -> tuple[str | None, str]:
    if alias := as_name(entry.get("propertyAlias", entry.get("alias"))):
        device, _, metric = alias.strip("/").rpartition("/")
        return (device, metric) if device else (metric, "value")
    return as_name(entry.get("assetId")), as_name(entry.get("propertyId")) or "value"


def _measure(metric: str, said: dict[str, Any], sheet: Sheet) -> None:
    value = said.get("value")
    if isinstance(value, dict):
        kinds = value
        value = next((kinds[kind] for kind in _KINDS if kinds.get(kind) is not None), None)
    quality = said.get("quality")
    if isinstance(value, (dict, list)):
        sheet.fault(metric, "bad_value", "it is neither a number nor a truth value nor text")
    else:
        sheet.measure(metric, value, flags=_FLAGS.get(quality, 0) if isinstance(quality, str) else 0)


def _timed(timestamp: Any) -> tuple[str | None, int | None]:
    """The time as it is written and, where it is told in seconds and nanoseconds, in microseconds since 1970."""
    if not isinstance(timestamp, dict):
        return as_time(timestamp), None
    seconds, nanos = _whole(timestamp.get("timeInSeconds")), _whole(timestamp.get("offsetInNanos", 0))
    if seconds is None or nanos is None:
        return as_time(timestamp), None
    return f"{seconds}.{nanos:09}", seconds * 1_000_000 + nanos // 1000


def _whole(value: Any) -> int | None:
    if isinstance(value, str) and value.isascii() and value.isdigit() and len(value) < 20:
        return int(value)
    return value if isinstance(value, int) and not isinstance(value, bool) else None
