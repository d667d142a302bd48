"""The device registry as people write it: a landed JSON file becomes rows of devices and of their metrics.

Shapes: an object keyed by device id, or a list of devices; either may stand under ``sensors`` or ``devices``.
Belongs here: reading the file as it was at one moment. Does not: history (silver), what devices say of themselves.
"""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from typing import Any, Final

import pyarrow as pa

from iot_assets.decoders.registry_rows import EntryError, as_device_id, as_object, declared_id, device_row, metric_rows

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


def decode_registry(payload: bytes) -> RegistrySnapshot | RegistryFault:
    """The devices and metrics of a registry file, or why it cannot be read; a file is taken whole or not at all."""
    try:
        entries = _entries(_parse(payload))
        devices = [device_row(device_id, entry) for device_id, entry in entries]
        metrics = [row for device_id, entry in entries for row in metric_rows(device_id, entry)]
        _unique("bad_device", [(row["device_id"],) for row in devices])
        _unique("bad_metric", [(row["device_id"], row["metric"]) for row in metrics])
        return RegistrySnapshot(
            devices=pa.Table.from_pylist(devices, schema=DEVICES_SCHEMA),
            metrics=pa.Table.from_pylist(metrics, schema=METRICS_SCHEMA),
        )
    except EntryError as error:
        return RegistryFault(error.reason, error.detail)
    except Exception as error:  # noqa: BLE001 - a file that we read wrongly must not stop the batch it is in
        return RegistryFault("decoder_failed", f"{type(error).__name__}: {error}"[:1000])


def _parse(payload: bytes) -> Any:
    if not payload:
        raise EntryError("empty_payload", "the registry file is empty")
    try:
        text = payload.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise EntryError("not_utf8", str(error)) from error
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


def _entries(tree: Any) -> list[tuple[str, dict[str, Any]]]:
    match tree:
        case {"sensors": list() | dict() as inner} | {"devices": list() | dict() as inner}:
            return _entries(inner)
        case list():
            return [(declared_id(entry), entry) for entry in map(as_object, tree)]
        case dict():
            return [(as_device_id(key), as_object(entry)) for key, entry in tree.items()]
        case _:
            raise EntryError("not_an_object", "a registry is an object or a list of devices")


def _unique(reason: str, names: list[tuple[str, ...]]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise EntryError(reason, f"{', '.join(name)} is declared {count} times")
