"""CloudEvents 1.0 in JSON, one or a batch, and in binary mode, where the attributes travel beside the data.

Belongs here: from the envelope to device, time and id, and data that is JSON or plain text. Does not: other formats of
the envelope (Avro, Protocol Buffers); other content types of the data, which are rejects.

The device is the event's source, with its subject after a slash where it has one.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import unquote

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.nested import as_name, as_object, as_time, measure_all, sent_with
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable

_ENVELOPE: Final = "application/cloudevents"
_HEADER: Final = "ce-"


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Tell what the event says, or all events of the batch."""
    kind = message.content_type or ""
    if not kind.startswith(_ENVELOPE) and (beside := _beside(message.attributes)):
        _told(beside, kind or beside.get("datacontenttype"), message.payload, sheet)
        return
    tree = message.json()
    for event in tree if isinstance(tree, list) else [tree]:
        if not isinstance(event, dict) or "specversion" not in event:
            raise Unreadable("missing_value", "it has no specversion: it is no CloudEvent")
        _structured(event, sheet)
    if tree == []:
        sheet.not_telemetry()


def _beside(attributes: str | None) -> dict[str, Any]:
    """The event's attributes in MQTT 5 user properties or in HTTP headers; empty where there are none."""
    given = sent_with(attributes)
    headers = as_object(given.get("headers"))
    if headers:
        given = {
            name.removeprefix(_HEADER): unquote(value) if isinstance(value, str) else value
            for name, value in headers.items()
        }
    return given if "specversion" in given else {}


def _structured(event: dict[str, Any], sheet: Sheet) -> None:
    kind = event.get("datacontenttype")
    if "data_base64" in event:
        try:
            data = base64.b64decode(str(event["data_base64"]), validate=True)
        except binascii.Error:
            data = None
        _told(event, kind, data, sheet)
    elif event.get("data") is None:
        sheet.not_telemetry()
    elif isinstance(event["data"], str) and not _is_json(kind) and not _is_text(kind):
        raise _unread(kind)
    else:
        _record(event, sheet)
        _measure(event["data"], sheet)


def _told(event: Mapping[str, Any], kind: Any, data: bytes | None, sheet: Sheet) -> None:
    """Tell what data says that came as bytes."""
    if data == b"":
        sheet.not_telemetry()
        return
    if not _is_json(kind) and not _is_text(kind):
        raise _unread(kind)
    if data is None:
        raise Unreadable("malformed_json", "data_base64 is not base64")
    inner = Message(0, 0, "", {}, data, None, None)
    said = inner.json() if _is_json(kind) else inner.text()
    _record(event, sheet)
    _measure(said, sheet)


def _record(event: Mapping[str, Any], sheet: Sheet) -> None:
    source, subject, number = (as_name(event.get(name)) for name in ("source", "subject", "id"))
    device = f"{source}/{subject}" if source and subject else source
    # An id is unique among those of its source.
    declared = f"{source} {number}" if source and number else None
    sheet.record(device, time=as_time(event.get("time")), declared_id=declared)


def _measure(said: Any, sheet: Sheet) -> None:
    if isinstance(said, dict):
        measure_all(sheet, said)
    elif not isinstance(said, list):
        sheet.measure("value", said)


def _media(kind: Any) -> str:
    return kind.partition(";")[0].strip().lower() if isinstance(kind, str) else "application/json"


def _is_json(kind: Any) -> bool:
    return (media := _media(kind)) in ("application/json", "text/json") or media.endswith("+json")


def _is_text(kind: Any) -> bool:
    return _media(kind) == "text/plain"


def _unread(kind: Any) -> Unreadable:
    return Unreadable("unread_content", f"the event's data is {str(kind)[:80]}")
