"""JSON values as readers meet them: objects measured with dotted names, names and times taken out of them.

Belongs here: what several readers do with a parsed JSON value. Does not: any convention.
"""

from __future__ import annotations

import json
from collections.abc import Collection, Mapping
from typing import Any, Final

from iot_assets.decoders.json_flat import MAX_DEPTH
from iot_assets.decoders.sheet import Sheet

_NO_UNITS: Final[Mapping[str, str]] = {}


def measure_all(
    sheet: Sheet,
    fields: Mapping[str, Any],
    prefix: str = "",
    *,
    units: Mapping[str, str] = _NO_UNITS,
    left_out: Collection[str] = (),
    flags: int = 0,
    depth: int = 0,
) -> None:
    """Measure every number, truth value and text of an object and of the objects in it; arrays are left out.

    ``units`` and ``left_out`` go by the name without ``prefix``, at the top level only.
    """
    for name, value in fields.items():
        if name in left_out or value is None or isinstance(value, list):
            continue
        if not isinstance(value, dict):
            sheet.measure(prefix + name, value, units.get(name), flags)
        elif depth < MAX_DEPTH:
            measure_all(sheet, value, f"{prefix}{name}.", flags=flags, depth=depth + 1)
        else:
            sheet.fault(prefix + name, "bad_metric", "it lies too deep")


def as_object(value: Any) -> dict[str, Any]:
    """The object, or an empty one instead of anything else."""
    return value if isinstance(value, dict) else {}


def as_list(value: Any) -> list[Any]:
    """The array, or an empty one instead of anything else."""
    return value if isinstance(value, list) else []


def as_name(value: Any) -> str | None:
    """A text or a whole number, as a name; None for anything else and for no text at all."""
    if isinstance(value, str):
        return value or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def as_number(value: Any) -> float | None:
    """A number, also one that is spelled in a string; None for anything else."""
    if isinstance(value, bool) or not isinstance(value, (int, float, str)):
        return None
    try:
        return float(value)
    except (ValueError, OverflowError):
        return None


def as_time(value: Any) -> str | None:
    """A time as it was written, for ``Sheet.record``; None where there is none. What is no time is told as it is."""
    return value if value is None or isinstance(value, str) else json.dumps(value)


def sent_with(attributes: str | None) -> dict[str, Any]:
    """What travelled beside the payload: MQTT 5 user properties, or ``headers`` and ``query`` of an HTTP request."""
    if attributes is None:
        return {}
    try:
        return as_object(json.loads(attributes))
    except ValueError:
        return {}
