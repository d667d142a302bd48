"""SenML (RFC 8428) in JSON and CBOR: a pack of records with what they have in common in base fields.

Where the base name is the whole beginning, ``bn`` is the device and ``n`` the metric; a name in one piece is parted:
``urn:dev:ow:10e2073a0108006:voltage`` after the device's own part, ``a/b/c`` at its last slash. A name that is a device
alone has the metric ``value``; one without ``/`` and ``:`` is a metric, and the topic says the device.

Belongs here: base fields, names, times and values as the RFC resolves them. Does not: units (``senml_units``).
"""

from __future__ import annotations

import base64
import json
import math
import re
from contextlib import suppress
from decimal import Decimal
from functools import lru_cache
from typing import TYPE_CHECKING, Any, Final

import cbor2

from iot_assets.decoders.readers.senml_units import CODES
from iot_assets.decoders.sheet import Unreadable

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet

_LABELS: Final = {
    -1: "bver",
    -2: "bn",
    -3: "bt",
    -4: "bu",
    -5: "bv",
    -6: "bs",
    0: "n",
    1: "u",
    2: "v",
    3: "vs",
    4: "vb",
    5: "s",
    6: "t",
    7: "ut",
    8: "vd",
}
_KNOWN: Final = frozenset(_LABELS.values())
_BASES: Final = frozenset({"bn", "bt", "bu", "bv", "bs"})
_OWN: Final = _KNOWN - _BASES - {"bver"}
#: All that records of plain numbers need, and what stands once in a pack.
_PLAIN: Final = frozenset({"n", "u", "v", "t", "ut"})
_PLAIN_ONCE: Final = _PLAIN | {"bn", "bt", "bu", "bver"}
_NUMBERS: Final = frozenset({int, float, Decimal})
_VALUES: Final = frozenset({"v", "vs", "vb", "vd"})
_VERSION: Final = 10
#: An array in CBOR begins so, and no text does.
_CBOR_ARRAY: Final = range(0x80, 0xA0)
#: Below so many seconds a time is relative to now.
_ABSOLUTE_FROM: Final = 1 << 28
_FARTHEST_S: Final = 10**12
_DOUBLE_BITS: Final = 1023
_NAME: Final = re.compile(r"[A-Za-z0-9][A-Za-z0-9\-:./_]*+")
_SEPARATORS: Final = "/:._-"
_REST_OF_NAME: Final = re.compile(r"[A-Za-z0-9\-:./_]*+")
_DEVICE_URN: Final = re.compile(r"(urn:dev:[^:]++:[^:_]++)(?:[:_](.*))?")
_LONGEST: Final = 500


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - it has none of its own
    """One pack."""
    pack = _pack(message)
    only_numbers = _checked(pack)
    bases: dict[str, Any] = {}
    base_name, base_time, base_unit, device_of_all = "", None, None, None
    began: tuple[Any, ...] | None = None
    device: str | None
    for record in pack:
        get = record.get
        if not _BASES.isdisjoint(record):
            bases |= {base: record[base] for base in _BASES & record.keys()}
            base_name, base_time, base_unit = bases.get("bn", ""), bases.get("bt"), bases.get("bu")
            device_of_all = _beginning(base_name) if type(base_name) is str and len(base_name) < _LONGEST else None
            if _OWN.isdisjoint(record):
                continue
        name = get("n", "")
        if device_of_all is not None and type(name) is str and len(name) < _LONGEST:
            device, metric = device_of_all[0], _metric(device_of_all[1] + name)
        else:
            device, metric = _named(base_name, name)
        if metric is None:
            sheet.reject("bad_metric", f"no name is made of bn {base_name!r} and n {name!r}"[:100])
            continue
        time = get("t")
        if began != (device, base_time, time):
            began = device, base_time, time
            _begin(sheet, device, base_time, time, message.received_us)
        if (unit := get("u", base_unit)) is not None:
            unit = CODES.get(unit, unit) if type(unit) is str else None
        if only_numbers and type(value := get("v")) in _NUMBERS:
            sheet.measure(metric, value, unit or None)
        else:
            _measure(sheet, metric, record, bases, unit or None)


def _pack(message: Message) -> list[dict[str, Any]]:
    if message.payload[0] in _CBOR_ARRAY:
        return _cbor_pack(message.payload)
    text = message.text()
    try:
        pack = _JSON.decode(text)
    except (ValueError, ArithmeticError, RecursionError) as error:
        raise Unreadable("malformed_json", f"{error}: it begins {text[:60]!r}") from error
    if not isinstance(pack, list):
        raise Unreadable("breaks_convention", f"it is no array: {text[:60]!r}")
    return pack


def _cbor_pack(payload: bytes) -> list[dict[str, Any]]:
    try:
        pack = cbor2.loads(payload)
        return [{_LABELS.get(label, label): value for label, value in record.items()} for record in pack]
    except Exception as error:  # its makers promise no end of what it may raise
        raise Unreadable("malformed_cbor", f"it begins {payload[:30].hex()}") from error


def _no_constant(name: str) -> float:
    raise ValueError(f"{name} is no JSON number")


# Decimals, because a time in seconds with its fraction does not fit in a double.
_JSON: Final = json.JSONDecoder(parse_float=Decimal, parse_constant=_no_constant)


def _checked(pack: list[dict[str, Any]]) -> bool:
    """Whether all that is measured are plain numbers.

    Raises:
        Unreadable: the pack has another version, or a field that one must understand and we do not.
    """
    only_numbers, versions = True, set()
    for record in pack:
        if type(record) is not dict:
            raise Unreadable("breaks_convention", f"a record is no object: {record!r}"[:100])
        if record.keys() <= _PLAIN:
            continue
        only_numbers = only_numbers and record.keys() <= _PLAIN_ONCE
        if odd := [key for key in record.keys() - _KNOWN if str(key).endswith("_")]:
            raise Unreadable("breaks_convention", f"the field {odd[0]!r} must be understood, and is not"[:100])
        if "bver" in record:
            versions.add(record["bver"] if type(record["bver"]) is int else 0)
    if versions and (len(versions) > 1 or not 0 < min(versions) <= _VERSION):
        raise Unreadable("breaks_convention", f"bver is not one version up to {_VERSION}")
    return only_numbers


def _named(base: Any, name: Any) -> tuple[str | None, str | None]:
    """Device and metric; no metric where there is no name."""
    if type(name) is not str or type(base) is not str or len(base) + len(name) > _LONGEST:
        return None, None
    return _parted(base, name)


@lru_cache(maxsize=1 << 15)  # as many as a large fleet has, in a batch in which they take turns
def _beginning(base: str) -> tuple[str, str] | None:
    """Of a base name that ends where the device's does, the device and what is of the metric; else None."""
    if not base or base[-1] not in _SEPARATORS or _NAME.fullmatch(base) is None:
        return None
    if base.startswith("urn:dev:"):
        return (urn[1], urn[2] or "") if (urn := _DEVICE_URN.fullmatch(base)) is not None else None
    return base.rstrip(_SEPARATORS), ""


@lru_cache(maxsize=1 << 12)
def _metric(name: str) -> str | None:
    if _REST_OF_NAME.fullmatch(name) is None:
        return None
    return re.sub(r"[/:]+", ".", name.strip(_SEPARATORS)) or "value"


@lru_cache(maxsize=1 << 12)
def _parted(base: str, name: str) -> tuple[str | None, str | None]:
    """Device and metric of a name whose parts are not those of the record."""
    whole = base + name
    if _NAME.fullmatch(whole) is None:
        return None, None
    if (urn := _DEVICE_URN.fullmatch(whole)) is not None:
        return urn[1], _metric(urn[2] or "")
    if base and name:
        return base.rstrip(_SEPARATORS), _metric(name)
    if "/" in whole.rstrip("/"):
        device, _, name = whole.rpartition("/")
        return device.rstrip(_SEPARATORS), _metric(name)
    return (whole.rstrip(_SEPARATORS), "value") if ":" in whole else (None, whole)


def _begin(sheet: Sheet, device: str | None, base: Any, time: Any, received_us: int) -> None:
    if base is None and time is None:
        sheet.record(device)
        return
    if (seconds := _sum(_exact(base), _exact(time))) is None:
        sheet.record(device, time=f"bt {type(base).__name__}, t {type(time).__name__}")
        return
    relative = seconds < _ABSOLUTE_FROM
    us = int(max(-_FARTHEST_S, min(_FARTHEST_S, seconds)) * 1_000_000)
    sheet.record(device, us=received_us + us if relative else us, relative=relative)


def _exact(number: Any) -> Any:
    """A number whose fraction is decimal; what is no number is none afterwards, either."""
    if type(number) is float:
        return Decimal(repr(number)) if math.isfinite(number) else "not finite"
    return number


def _sum(one: Any, other: Any) -> Any:
    """Both added up, where either may be missing; None where one is no number or neither is there."""
    if one is None or other is None:
        found = one if other is None else other
        return found if _is_number(found) else None
    if not _is_number(one) or not _is_number(other):
        return None
    try:
        return one + other
    except (TypeError, ArithmeticError):
        with suppress(OverflowError):
            return float(one) + float(other)
    return math.inf


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def _measure(sheet: Sheet, metric: str, told: dict[str, Any], bases: dict[str, Any], unit: str | None) -> None:
    record = {label: value for label, value in told.items() if value is not None}
    values = _VALUES & record.keys()
    if len(values) > 1:
        sheet.fault(metric, "bad_value", f"it has several: {', '.join(sorted(values))}")
    elif "vs" in values or "vb" in values:
        (kind,) = values
        value = record[kind]
        if isinstance(value, bool if kind == "vb" else str):
            sheet.measure(metric, value)
        else:
            sheet.fault(metric, "bad_value", f"{kind} is {type(value).__name__}")
    elif "vd" in values:
        _measure_data(sheet, metric, record["vd"])
    elif values or bases.get("bv") is not None:
        _measure_number(sheet, metric, bases.get("bv"), record.get("v"), unit)
    if "s" in record or bases.get("bs") is not None:
        _measure_number(sheet, f"{metric}.sum", bases.get("bs"), record.get("s"), f"{unit}.s" if unit else None)


def _measure_number(sheet: Sheet, metric: str, base: Any, value: Any, unit: str | None) -> None:
    if (number := _sum(base, value)) is None:
        sheet.fault(metric, "bad_value", f"it is {type(value).__name__}")
    elif isinstance(number, int) and number.bit_length() > _DOUBLE_BITS:
        sheet.fault(metric, "bad_value", "it is beyond what a double holds")
    else:
        sheet.measure(metric, number, unit)


def _measure_data(sheet: Sheet, metric: str, value: Any) -> None:
    if isinstance(value, bytes):
        value = base64.urlsafe_b64encode(value).decode().rstrip("=")
    if isinstance(value, str):
        sheet.measure(metric, value)
    else:
        sheet.fault(metric, "bad_value", f"vd is {type(value).__name__}")
