"""The device registry as people write it: a landed JSON file becomes rows of devices and of their metrics.

Three shapes: an object keyed by device id, an object with one list under a name such as ``sensors``, or a plain list.
Belongs here: reading the file as it was at one moment. Does not: history (silver), what devices say of themselves.
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any, Final

import pyarrow as pa

_AT: Final = pa.timestamp("us", tz="UTC")

DEVICES_SCHEMA: Final = pa.schema(
    [
        pa.field("device_id", pa.string(), nullable=False),
        pa.field("kind", pa.string()),
        pa.field("manufacturer", pa.string()),
        pa.field("model", pa.string()),
        pa.field("site", pa.string()),
        pa.field("lat", pa.float64()),
        pa.field("lon", pa.float64()),
        pa.field("firmware", pa.string()),
        pa.field("installed_at", _AT),
        pa.field("expected_interval_s", pa.float64()),
        pa.field("attributes", pa.string()),
    ]
)

METRICS_SCHEMA: Final = pa.schema(
    [
        pa.field("device_id", pa.string(), nullable=False),
        pa.field("metric", pa.string(), nullable=False),
        pa.field("unit", pa.string()),
        pa.field("min", pa.float64()),
        pa.field("max", pa.float64()),
        pa.field("description", pa.string()),
    ]
)

#: Names under which a list of devices may stand.
_LISTS: Final = ("sensors", "devices")
#: Fields of an entry, by the column they fill; the first that is there counts.
_TEXTS: Final[Mapping[str, tuple[str, ...]]] = {
    "kind": ("kind", "type", "device_type"),
    "manufacturer": ("manufacturer", "vendor"),
    "model": ("model",),
    "site": ("site",),
    "firmware": ("firmware", "firmware_version"),
}
_NUMBERS: Final[Mapping[str, tuple[str, ...]]] = {
    "lat": ("lat", "latitude"),
    "lon": ("lon", "lng", "longitude"),
    "expected_interval_s": ("expected_interval_s", "interval_s"),
}
_IDS: Final = ("id", "device_id", "sensor_id")
_OWN: Final = frozenset(
    {name for names in (*_TEXTS.values(), *_NUMBERS.values()) for name in names}
    | {*_IDS, "installed_at", "metrics", "metric", "unit", "range", "min", "max", "location"}
)


@dataclass(frozen=True, slots=True)
class RegistrySnapshot:
    """What the file says, whole: a device that is not in it is no longer declared."""

    devices: pa.Table
    metrics: pa.Table


@dataclass(frozen=True, slots=True)
class RegistryFault:
    """Why the file cannot be read; ``reason`` is one of ``model.REJECT_REASONS``."""

    reason: str
    detail: str


class _FaultError(Exception):
    def __init__(self, reason: str, detail: str) -> None:
        self.fault = RegistryFault(reason, detail)


def decode_registry(payload: bytes) -> RegistrySnapshot | RegistryFault:
    """The devices and metrics of a registry file, or why it cannot be read; a file is taken whole or not at all."""
    try:
        entries = _entries(_parse(payload))
        devices = [_device(device_id, entry) for device_id, entry in entries]
        metrics = [row for device_id, entry in entries for row in _metrics(device_id, entry)]
        _unique([row["device_id"] for row in devices])
        return RegistrySnapshot(
            devices=pa.Table.from_pylist(devices, schema=DEVICES_SCHEMA),
            metrics=pa.Table.from_pylist(metrics, schema=METRICS_SCHEMA),
        )
    except _FaultError as error:
        return error.fault
    except Exception as error:  # noqa: BLE001 - a file that we read wrongly must not stop the batch it is in
        return RegistryFault("decoder_failed", f"{type(error).__name__}: {error}"[:1000])


def _parse(payload: bytes) -> Any:
    if not payload:
        raise _FaultError("empty_payload", "the registry file is empty")
    try:
        return json.loads(payload.decode("utf-8-sig"), parse_constant=_no_constant)
    except UnicodeDecodeError as error:
        raise _FaultError("not_utf8", str(error)) from error
    except (ValueError, RecursionError) as error:
        raise _FaultError("malformed_json", str(error)) from error


def _no_constant(name: str) -> float:
    raise _FaultError("bad_value", f"{name} is no number")


def _entries(tree: Any) -> list[tuple[str, dict[str, Any]]]:
    if isinstance(tree, dict):
        for name in _LISTS:
            if isinstance(tree.get(name), list):
                return [(_device_id(_object(entry)), entry) for entry in tree[name]]
        return [(_checked(key), _object(entry)) for key, entry in tree.items()]
    if isinstance(tree, list):
        return [(_device_id(_object(entry)), entry) for entry in tree]
    raise _FaultError("not_an_object", "a registry is an object or a list of devices")


def _object(entry: Any) -> dict[str, Any]:
    if not isinstance(entry, dict):
        raise _FaultError("not_an_object", f"the entry {str(entry)[:60]!r} is not an object that describes a device")
    return entry


def _device_id(entry: dict[str, Any]) -> str:
    for name in _IDS:
        if entry.get(name) is not None:
            return _checked(entry[name])
    raise _FaultError("missing_device", f"an entry has none of {', '.join(_IDS)}: {str(entry)[:60]}")


def _checked(name: Any) -> str:
    text = str(name) if isinstance(name, (str, int)) and not isinstance(name, bool) else ""
    if not text.strip():
        raise _FaultError("missing_device", f"a device is named {name!r}")
    if len(text) > 200 or any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise _FaultError("bad_device", f"a device is named {text[:60]!r}")
    return text


def _unique(names: list[str]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise _FaultError("bad_device", f"{name!r} is declared {count} times")


def _device(device_id: str, entry: dict[str, Any]) -> dict[str, Any]:
    place = {**entry, **(entry["location"] if isinstance(entry.get("location"), dict) else {})}
    row: dict[str, Any] = {"device_id": device_id}
    row |= {column: _text(device_id, entry, names) for column, names in _TEXTS.items()}
    row |= {column: _number(device_id, place, names) for column, names in _NUMBERS.items()}
    for column, bound in (("lat", 90), ("lon", 180)):
        if row[column] is not None and abs(row[column]) > bound:
            raise _FaultError("bad_value", f"{device_id}: {column} {row[column]} is beyond {bound} degrees")
    if row["expected_interval_s"] is not None and row["expected_interval_s"] <= 0:
        raise _FaultError("bad_value", f"{device_id}: the expected interval must be more than 0")
    row["installed_at"] = _instant(device_id, entry.get("installed_at"))
    others = {name: value for name, value in entry.items() if name not in _OWN}
    row["attributes"] = json.dumps(others, sort_keys=True, ensure_ascii=False) if others else None
    return row


def _metrics(device_id: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
    declared = entry.get("metrics")
    if declared is None:
        # One metric a device: its kind names it, as the field ``type`` of its messages does.
        name = entry.get("metric") or entry.get("type")
        if name is None or not any(entry.get(field) is not None for field in ("unit", "range", "min", "max")):
            return []
        return [_metric(device_id, name, entry)]
    if isinstance(declared, dict):
        return [_metric(device_id, name, _object(what)) for name, what in declared.items()]
    if isinstance(declared, list):
        return [_metric(device_id, _object(what).get("metric") or what.get("name"), what) for what in declared]
    raise _FaultError("bad_metric", f"{device_id}: metrics is neither an object nor a list")


def _metric(device_id: str, name: Any, entry: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(name, str) or not name or len(name) > 200:
        raise _FaultError("bad_metric", f"{device_id}: a metric is named {str(name)[:60]!r}")
    where = f"{device_id}, {name}"
    match entry.get("range"):
        case [least, greatest]:
            limits = {"min": least, "max": greatest}
        case dict() as limits:
            pass
        case None:
            limits = entry
        case other:
            raise _FaultError("bad_value", f"{where}: range {str(other)[:60]} is neither [min, max] nor {{min, max}}")
    least, greatest = _number(where, limits, ("min",)), _number(where, limits, ("max",))
    if least is not None and greatest is not None and least > greatest:
        raise _FaultError("bad_value", f"{where}: min {least} is more than max {greatest}")
    return {
        "device_id": device_id,
        "metric": name,
        "unit": _text(where, entry, ("unit",)),
        "min": least,
        "max": greatest,
        "description": _text(where, entry, ("description",)),
    }


def _first(entry: Mapping[str, Any], names: tuple[str, ...]) -> Any:
    return next((entry[name] for name in names if entry.get(name) is not None), None)


def _text(where: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> str | None:
    match _first(entry, names):
        case None | "":
            return None
        case str() as text:
            return text
        case int() | float() as number if not isinstance(number, bool):
            return str(number)
        case other:
            raise _FaultError("bad_value", f"{where}: {names[0]} is {str(other)[:60]}, not text")


def _number(where: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    value = _first(entry, names)
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise _FaultError("bad_value", f"{where}: {names[0]} is {str(value)[:60]!r}, not a number")
    return float(value)


def _instant(where: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
    except (TypeError, ValueError) as error:
        raise _FaultError("bad_time", f"{where}: installed_at {str(value)[:60]!r} is no ISO 8601 time") from error
    return at if at.tzinfo is not None else at.replace(tzinfo=UTC)
