"""One entry of the device registry, checked field by field.

Belongs here: which fields an entry may have and what they must be. Does not: the shapes of whole files (``registry``).
"""

from __future__ import annotations

import json
import math
import unicodedata
from collections.abc import Mapping
from datetime import UTC, datetime
from typing import Any, Final

from iot_assets.units import code

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
#: What a measurement is called that nobody names.
_UNNAMED: Final = "value"
_IDS: Final = ("id", "device_id", "sensor_id")
#: Fields of an entry that hold numbers, and those that are about a metric.
NUMBER_FIELDS: Final = frozenset({name for names in _NUMBERS.values() for name in names} | {"min", "max"})
METRIC_FIELDS: Final = frozenset({"metric", "unit", "min", "max", "range", "description"})
_OWN: Final = frozenset(
    {name for names in (*_TEXTS.values(), *_NUMBERS.values()) for name in names}
    | {*_IDS, "installed_at", "metrics", "metric", "unit", "range", "min", "max", "location"}
)


class EntryError(Exception):
    """Why the file cannot be taken; never leaves the registry's own modules."""

    def __init__(self, reason: str, detail: str) -> None:
        self.reason, self.detail = reason, detail
        super().__init__(detail)

    def at(self, where: str) -> EntryError:
        """The same, with the place where it stands."""
        return EntryError(self.reason, f"{where}: {self.detail}" if where else self.detail)


def as_object(entry: Any) -> dict[str, Any]:
    """The entry, which must be an object."""
    if not isinstance(entry, dict):
        raise EntryError("not_an_object", f"the entry {str(entry)[:60]!r} is not an object that describes a device")
    return entry


def declared_id(entry: dict[str, Any]) -> str:
    """The device that an entry of a list names."""
    for name in _IDS:
        if entry.get(name) is not None:
            return as_device_id(entry[name])
    raise EntryError("missing_device", f"an entry has none of {', '.join(_IDS)}: {str(entry)[:60]}")


def as_device_id(name: Any) -> str:
    """The name, if it can be a device id."""
    text = str(name) if isinstance(name, (str, int)) and not isinstance(name, bool) else ""
    if not text.strip():
        raise EntryError("missing_device", f"a device is named {name!r}")
    if len(text) > 200 or any(unicodedata.category(char) in {"Cc", "Cs"} for char in text):
        raise EntryError("bad_device", f"a device is named {text[:60]!r}")
    return text


def device_row(device_id: str, entry: dict[str, Any]) -> dict[str, Any]:
    """The row of ``DEVICES_SCHEMA``; fields that have no column go to ``attributes``."""
    place = {**entry, **(entry["location"] if isinstance(entry.get("location"), dict) else {})}
    row: dict[str, Any] = {"device_id": device_id}
    row |= {column: _text(device_id, entry, names) for column, names in _TEXTS.items()}
    row |= {column: _number(device_id, place, names) for column, names in _NUMBERS.items()}
    for column, bound in (("lat", 90), ("lon", 180)):
        if row[column] is not None and abs(row[column]) > bound:
            raise EntryError("bad_value", f"{device_id}: {column} {row[column]} is beyond {bound} degrees")
    if row["expected_interval_s"] is not None and row["expected_interval_s"] <= 0:
        raise EntryError("bad_value", f"{device_id}: the expected interval must be more than 0")
    row["installed_at"] = _instant(device_id, entry.get("installed_at"))
    others = {name: value for name, value in entry.items() if name not in _OWN}
    row["attributes"] = json.dumps(others, sort_keys=True, ensure_ascii=False) if others else None
    return row


def metric_rows(device_id: str, entry: dict[str, Any]) -> list[dict[str, Any]]:
    """The rows of ``METRICS_SCHEMA``."""
    declared = entry.get("metrics")
    if declared is None:
        if not any(entry.get(field) is not None for field in ("metric", "unit", "range", "min", "max")):
            return []
        return [_metric(device_id, name, entry) for name in _names(entry)]
    if isinstance(declared, dict):
        return [_metric(device_id, name, as_object(what)) for name, what in declared.items()]
    if isinstance(declared, list):
        return [_metric(device_id, as_object(what).get("metric") or what.get("name"), what) for what in declared]
    raise EntryError("bad_metric", f"{device_id}: metrics is neither an object nor a list")


def _names(entry: dict[str, Any]) -> list[Any]:
    """The metrics that an entry with limits or a unit is about, where it lists none.

    One that names no metric is about the one thing that its device measures. In messages that is named by their field
    ``type``, as here, or it has no name and is called ``value``.
    """
    if (name := entry.get("metric")) is not None:
        return [name]
    return list(dict.fromkeys(name for name in (entry.get("type"), _UNNAMED) if name is not None))


def _metric(device_id: str, name: Any, entry: dict[str, Any]) -> dict[str, Any]:
    if not isinstance(name, str) or not name or len(name) > 200:
        raise EntryError("bad_metric", f"{device_id}: a metric is named {str(name)[:60]!r}")
    where = f"{device_id}, {name}"
    match entry.get("range"):
        case [least, greatest]:
            limits = {"min": least, "max": greatest}
        case dict() as limits:
            pass
        case None:
            limits = entry
        case other:
            raise EntryError("bad_value", f"{where}: range {str(other)[:60]} is neither [min, max] nor {{min, max}}")
    least, greatest = _number(where, limits, ("min",)), _number(where, limits, ("max",))
    if least is not None and greatest is not None and least > greatest:
        raise EntryError("bad_value", f"{where}: min {least} is more than max {greatest}")
    unit = _text(where, entry, ("unit",))
    return {
        "device_id": device_id,
        "metric": name,
        "unit": None if unit is None else code(unit),
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
            raise EntryError("bad_value", f"{where}: {names[0]} is {str(other)[:60]}, not text")


def _number(where: str, entry: Mapping[str, Any], names: tuple[str, ...]) -> float | None:
    value = _first(entry, names)
    if value is None:
        return None
    try:
        number = float(value) if isinstance(value, (int, float)) and not isinstance(value, bool) else math.nan
    except OverflowError:
        number = math.inf
    if not math.isfinite(number):
        raise EntryError("bad_value", f"{where}: {names[0]} is {str(value)[:60]!r}, not a number")
    return number


def _instant(where: str, value: Any) -> datetime | None:
    if value is None:
        return None
    try:
        at = datetime.fromisoformat(value)
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (TypeError, ValueError, OverflowError) as error:
        raise EntryError("bad_time", f"{where}: installed_at {str(value)[:60]!r} is no ISO 8601 time") from error
