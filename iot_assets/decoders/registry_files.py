"""Registry files in JSON, TOML and CSV: from bytes to the entries of devices, each with the place where it stands.

Belongs here: what is a matter of the file's format. Does not: which fields an entry may have (``registry_rows``).
"""

from __future__ import annotations

import csv
import json
import math
import tomllib
from collections import Counter
from dataclasses import dataclass
from datetime import date, datetime, time
from pathlib import PurePath
from typing import Any, Final

from iot_assets.decoders.registry_rows import (
    METRIC_FIELDS,
    NUMBER_FIELDS,
    EntryError,
    as_device_id,
    as_object,
    declared_id,
)

#: Separators of columns that people's programs write; the one that the header has most of.
_SEPARATORS: Final = ",;\t"


@dataclass(frozen=True, slots=True)
class Entry:
    """What a file says of one device; ``where`` is the place to look at, empty where the device's name says enough."""

    where: str
    device_id: str
    fields: dict[str, Any]


def entries_of(payload: bytes, name: str) -> list[Entry]:
    """The entries of the file; its format is told by the end of its name, and is JSON where that says nothing.

    Raises:
        EntryError: the file is not what its name says, or an entry names no device.
    """
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EntryError("not_utf8", f"{error}; save the file as UTF-8") from error
    if not text.strip():
        raise EntryError("empty_payload", "the file is empty")
    match PurePath(name).suffix.lower():
        case ".csv" | ".tsv":
            return _csv(text)
        case ".toml":
            return _entries(_toml(text))
        case _:
            return _entries(_json(text))


def _json(text: str) -> Any:
    try:
        tree = json.loads(text, parse_constant=_no_constant, object_pairs_hook=_no_repeats)
        json.dumps(tree, ensure_ascii=False).encode()  # half of a surrogate pair is no character and goes into no table
    except (ValueError, RecursionError) as error:
        raise EntryError("malformed_json", str(error)) from error
    return tree


def _no_constant(name: str) -> float:
    raise EntryError("bad_value", f"{name} is no number")


def _no_repeats(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(found := dict(pairs)) < len(pairs):
        name = next(name for name, count in Counter(name for name, _ in pairs).items() if count > 1)
        raise EntryError("malformed_json", f"{name!r} stands twice in one object")
    return found


def _toml(text: str) -> Any:
    try:
        return _plain(tomllib.loads(text))
    except (tomllib.TOMLDecodeError, RecursionError) as error:
        raise EntryError("malformed_registry", f"this is no TOML: {error}") from error


def _plain(node: Any) -> Any:
    """What TOML knows and JSON does not, as JSON has it."""
    match node:
        case dict():
            return {name: _plain(inner) for name, inner in node.items()}
        case list():
            return [_plain(inner) for inner in node]
        case datetime() | date() | time():
            return node.isoformat()
        case float() if not math.isfinite(node):
            raise EntryError("bad_value", f"{node} is no number")
        case _:
            return node


def _entries(tree: Any) -> list[Entry]:
    match tree:
        case {"sensors": list() | dict() as inner} | {"devices": list() | dict() as inner}:
            return _entries(inner)
        case list():
            return [_listed(number, entry) for number, entry in enumerate(tree, start=1)]
        case dict():
            return [Entry("", as_device_id(key), as_object(entry)) for key, entry in tree.items()]
        case _:
            raise EntryError("not_an_object", "a registry is an object or a list of devices")


def _listed(number: int, entry: Any) -> Entry:
    where = f"entry {number}"
    try:
        return Entry(where, declared_id(as_object(entry)), entry)
    except EntryError as error:
        raise error.at(where) from error


def _csv(text: str) -> list[Entry]:
    if not (found := _lines(text)):
        raise EntryError("malformed_registry", "line 1: it names no columns")
    header, *lines = found
    names = [name.strip().lower() for name in header[1]]
    if len(set(names)) < len(names) or "" in names:
        raise EntryError("malformed_registry", f"line {header[0]}: each column must have a name of its own")
    devices: dict[str, list[Entry]] = {}
    for number, cells in lines:
        where = f"line {number}"
        try:
            fields = _cells(names, cells)
            entry = Entry(where, declared_id(fields), fields)
        except EntryError as error:
            raise error.at(where) from error
        devices.setdefault(entry.device_id, []).append(entry)
    return [_together(entries) for entries in devices.values()]


def _lines(text: str) -> list[tuple[int, list[str]]]:
    first = next(line for line in text.splitlines() if line.strip())
    reader = csv.reader(text.splitlines(keepends=True), delimiter=max(_SEPARATORS, key=first.count), strict=True)
    try:
        return [(reader.line_num, cells) for cells in reader if any(cell.strip() for cell in cells)]
    except csv.Error as error:
        raise EntryError("malformed_registry", f"line {reader.line_num}: this is no CSV: {error}") from error


def _cells(names: list[str], cells: list[str]) -> dict[str, Any]:
    """The fields of a line; an empty cell says nothing."""
    if len(cells) != len(names):
        raise EntryError("malformed_registry", f"it has {len(cells)} cells, and the header names {len(names)} columns")
    fields: dict[str, Any] = {}
    for name, cell in zip(names, cells, strict=True):
        if text := cell.strip():
            fields[name] = _number(name, text) if name in NUMBER_FIELDS else text
    return fields


def _number(name: str, text: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise EntryError("bad_value", f"{name} is {text[:60]!r}, not a number such as 47.5") from None


def _together(entries: list[Entry]) -> Entry:
    """The lines of one device as one entry: what is said of the device in any of them, and a metric each."""
    first, *others = entries
    if not others:
        return first
    device: dict[str, Any] = {}
    metrics: dict[str, dict[str, Any]] = {}
    for entry in entries:
        metric = entry.fields.get("metric")
        if metric is None or metric in metrics:
            where = (others[0] if entry is first else entry).where
            raise EntryError(
                "bad_device" if metric is None else "bad_metric",
                f"{where}: {first.device_id} stands in {first.where} already; a device may have several lines, where"
                " each of them names another metric in the column metric",
            )
        metrics[metric] = {name: value for name, value in entry.fields.items() if name in METRIC_FIELDS}
        for name, value in entry.fields.items():
            if name not in METRIC_FIELDS and device.setdefault(name, value) != value:
                raise EntryError(
                    "bad_device", f"{entry.where}: {name} is {value!r}, and {device[name]!r} in a line before"
                )
    return Entry(first.where, first.device_id, {**device, "metrics": metrics})
