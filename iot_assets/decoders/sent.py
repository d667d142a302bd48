"""Messages that were never landed (from a file, a log, a test of a route), in the shape that ``decode`` takes.

Belongs here: that shape, and reading the log that people have, of ``mosquitto_sub``. Does not: landed messages.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from typing import Any, Final

import pyarrow as pa

#: How mosquitto_sub writes an empty payload.
_NOTHING: Final = b"(null)"
#: With these, a line goes on with the payload of the one before: JSON that was written over several lines.
_GOES_ON: Final = (b" ", b"\t", b"}", b"]")


@dataclass(frozen=True, slots=True)
class Sent:
    """A message as its sender sent it."""

    topic: str
    payload: bytes
    content_type: str | None = None
    attributes: str | None = None
    """User properties or headers, as JSON."""
    received_at: datetime | None = None
    """None is: just now."""


def as_landed(messages: Sequence[Sent], now: datetime) -> pa.Table:
    """What ``decode`` reads of landed messages, in the order given."""
    return pa.table(
        {
            "source": pa.array(["mqtt"] * len(messages), pa.string()),
            "topic": pa.array([message.topic for message in messages], pa.string()),
            "payload": pa.array([message.payload for message in messages], pa.binary()),
            "content_type": pa.array([message.content_type for message in messages], pa.string()),
            "attributes": pa.array([message.attributes for message in messages], pa.string()),
            "received_at": pa.array([message.received_at or now for message in messages], pa.timestamp("us", tz="UTC")),
        }
    )


class LogError(ValueError):
    """A line of the log holds no message, or not all of it."""


def read_log(lines: Iterable[bytes], *, as_hex: bool = False) -> Iterator[Sent]:
    """The messages of a log of ``mosquitto_sub``: lines ``topic payload`` (``-v``) or JSON objects (``-F %j``).

    Args:
        lines: the log; empty lines are left out.
        as_hex: payloads are written in hexadecimal (``-F '%t %x'``).

    Raises:
        LogError: a line holds no message, or not all of it.
    """
    waiting: Sent | None = None
    for number, line in enumerate(lines, start=1):
        text = line.rstrip(b"\r\n")
        if not text.strip():
            continue
        if waiting is not None and text.startswith(_GOES_ON) and not as_hex:
            waiting = replace(waiting, payload=waiting.payload + b"\n" + text)
            continue
        if waiting is not None:
            yield waiting
        try:
            waiting = _from_json(text) or _from_words(text, as_hex=as_hex)
        except ValueError as error:
            raise LogError(f"line {number}: {error}; it begins {text[:60]!r}") from error
    if waiting is not None:
        yield waiting


def _from_words(text: bytes, *, as_hex: bool) -> Sent:
    topic, _, payload = text.partition(b" ")
    if as_hex:
        return Sent(topic.decode(), bytes.fromhex(payload.decode("ascii")))
    return Sent(topic.decode(), b"" if payload == _NOTHING else payload)


def _from_json(text: bytes) -> Sent | None:
    """The message in an object as ``-F %j`` writes it; None where the line is none."""
    if not text.startswith(b"{"):
        return None
    # Bytes of the payload that are no UTF-8 stand in it as they are.
    try:
        said = json.loads(text.decode("utf-8", "surrogateescape"))
    except ValueError:
        return None
    if not isinstance(said, dict) or not isinstance(said.get("topic"), str) or "payload" not in said:
        return None
    payload = said["payload"]
    written = "" if payload is None else payload if isinstance(payload, str) else json.dumps(payload)
    content = written.encode("utf-8", "surrogateescape")
    if isinstance(payload, str) and said.get("payloadlen", len(content)) != len(content):
        raise ValueError("its payload is binary, and JSON holds only a part of it: log it with -F '%t %x'")
    properties = said.get("properties") or {}
    own = properties.get("user-properties")
    return Sent(
        said["topic"],
        content,
        properties.get("content-type"),
        json.dumps(own, ensure_ascii=False) if own else None,
        _instant(said.get("tst")),
    )


def _instant(text: Any) -> datetime | None:
    """When mosquitto_sub received it; it writes both a Z and an offset."""
    try:
        at = datetime.fromisoformat(str(text).replace("Z+", "+"))
    except ValueError:
        return None
    return at if at.tzinfo else None
