"""InfluxDB line protocol: ``measurement,tag=value field=value,field=value time``, a record a line.

Metrics are named ``measurement.field``. One tag names the device; the others are part of what is measured, and stand in
the metric's name in the order of their keys: ``disk.fstype=ext4.path=/.used``.

Belongs here: the syntax of version 2 (types, escapes, comments, line breaks in strings). Does not: precision, which is
the option ``epoch_unit``, or told by magnitude.
"""

from __future__ import annotations

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

from pydantic import Field

from iot_assets.decoders.options import CommonOptions, Names
from iot_assets.decoders.written import NUMBER

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.sheet import Sheet

_BETWEEN: Final = re.compile(r"(?:[ \t\r\n]++|#[^\n]*+)*+")
# A backslash stands for itself unless what follows it would mean something; it cannot be escaped outside strings.
_HEAD: Final = re.compile(r"(?:[^ \n\\]++|\\[, =]?+)++")
_FIELD: Final = re.compile(
    r"((?:[^=, \n\\]++|\\[,= ]?+)++)="
    rf"(?:({NUMBER})([iu]?)(?=[, \r\n]|\Z)|(true|True|TRUE|t|T)(?=[, \r\n]|\Z)|(false|False|FALSE|f|F)(?=[, \r\n]|\Z)"
    r'|"((?:[^"\\]++|\\(?s:.))*+)"(?=[, \r\n]|\Z)|([^", \r\n]++))'
)
_END: Final = re.compile(r"(?: ++([+-]?[0-9]++))?+ *+\r?+(?:\n|\Z)")
_COMMA: Final = re.compile(r"(?<!\\),")
_EQUALS: Final = re.compile(r"(?<!\\)=")
_LONGEST_KEPT: Final = 300


class InfluxLineOptions(CommonOptions):
    """Which of the tags names the device."""

    device_tag: Names = Field(
        default=("device_id", "deviceId", "device", "sensor_id", "sensorId", "host"),
        description=(
            "Tag that names the device; of several the first that is there. Where none is, it is the first level "
            "that the topic's pattern names."
        ),
    )


def read(message: Message, options: InfluxLineOptions, sheet: Sheet) -> None:
    """One message: any number of lines."""
    text = message.text()
    by_topic = next(iter(message.captures.values()), None)
    size, line, counted = len(text), 1, 0
    at = _BETWEEN.match(text).end()  # type: ignore[union-attr]  # it matches nothing, too
    while at < size:
        start = at
        if (at := _line(text, at, options.device_tag, by_topic, sheet)) < 0:
            line, counted = line + text.count("\n", counted, start), start
            at = text.find("\n", start)
            at = size if at < 0 else at
            sheet.reject("malformed_line", f"line {line}: {text[start : min(at, start + 60)]!r}")
        at = _BETWEEN.match(text, at).end()  # type: ignore[union-attr]


def _line(text: str, at: int, device_tags: tuple[str, ...], by_topic: str | None, sheet: Sheet) -> int:
    """Where the line that begins here ends; -1 if it is none."""
    head = _HEAD.match(text, at)
    if head is None or not text.startswith(" ", head.end()):
        return -1
    series = head[0]
    known = _series(series, device_tags) if len(series) < _LONGEST_KEPT else _series.__wrapped__(series, device_tags)
    if known is None:
        return -1
    device, name = known
    at = head.end()
    while text.startswith(" ", at):
        at += 1
    found = []
    while (field := _FIELD.match(text, at)) is not None:
        found.append(field.groups())
        at = field.end()
        if not text.startswith(",", at):
            break
        at += 1
    end = _END.match(text, at)
    if field is None or end is None:
        return -1
    sheet.record(device or by_topic, time=end[1])
    for key, number, kind, *others in found:
        metric = name + _plain(key)
        if kind == "":  # most fields are numbers without a letter behind them
            sheet.measure(metric, float(number))
        else:
            _measure(sheet, metric, number, kind, others)
    return end.end()


def _measure(sheet: Sheet, metric: str, number: str | None, kind: str, others: list[str | Any]) -> None:
    """Measure what a field holds: a number with the letter ``kind`` behind it, or one of the others."""
    true, _, string, other = others
    if number is not None:
        if not number.lstrip("+-").isdecimal() or (kind == "u" and number[0] == "-"):
            sheet.fault(metric, "bad_value", number + kind)
        else:
            sheet.measure(metric, float(number))
    elif string is not None:
        sheet.measure(metric, _unquoted(string) if "\\" in string else string)
    elif other is not None:
        sheet.fault(metric, "bad_value", other)
    else:
        sheet.measure(metric, true is not None)


@lru_cache(maxsize=1 << 15)  # as many as a large fleet has, in a batch in which they take turns
def _series(head: str, device_tags: tuple[str, ...]) -> tuple[str | None, str] | None:
    """Of ``measurement,tag=value,…`` the device and the beginning of its metrics' names; None if it is malformed."""
    measurement, *pairs = _COMMA.split(head)
    tags = {}
    for pair in pairs:
        key, *rest = _EQUALS.split(pair, maxsplit=1)
        if not key or not rest or not rest[0]:
            return None
        tags[_plain(key)] = _plain(rest[0])
    if not measurement or len(tags) < len(pairs):
        return None
    device = next((tags.pop(tag) for tag in device_tags if tag in tags), None)
    kept = "".join(f".{key}={tags[key]}" for key in sorted(tags))
    return device, f"{_plain(measurement)}{kept}."


def _plain(escaped: str) -> str:
    return re.sub(r"\\([,= ])", r"\1", escaped) if "\\" in escaped else escaped


def _unquoted(string: str) -> str:
    return re.sub(r'\\(["\\])', r"\1", string)
