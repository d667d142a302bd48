"""The device registry as people write it: a landed file becomes rows of devices and of their metrics.

Shapes: an object keyed by device id, or a list of devices; either may stand under ``sensors`` or ``devices``. In CSV, a
line a device, or a line for each of its metrics.
Belongs here: reading the file as it was at one moment. Does not: history (silver), what devices say of themselves.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import Final

import pyarrow as pa

from iot_assets.decoders.registry_files import entries_of
from iot_assets.decoders.registry_rows import EntryError, device_row, metric_rows

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


def decode_registry(payload: bytes, name: str) -> RegistrySnapshot | RegistryFault:
    """The devices and metrics of a registry file, or why it cannot be read; a file is taken whole or not at all.

    Args:
        payload: the file.
        name: its name, which tells its format (``registry_files``).
    """
    try:
        entries = entries_of(payload, name)
        devices, metrics = [], []
        for entry in entries:
            try:
                devices.append(device_row(entry.device_id, entry.fields))
                metrics += metric_rows(entry.device_id, entry.fields)
            except EntryError as error:
                raise error.at(entry.where) from error
        _unique("bad_device", [(row["device_id"],) for row in devices])
        _unique("bad_metric", [(row["device_id"], row["metric"]) for row in metrics])
        return RegistrySnapshot(
            devices=pa.Table.from_pylist(devices, schema=DEVICES_SCHEMA),
            metrics=pa.Table.from_pylist(metrics, schema=METRICS_SCHEMA),
        )
    except EntryError as error:
        return RegistryFault(error.reason, f"{name}: {error.detail}")
    except Exception as error:  # noqa: BLE001 - a file that we read wrongly must not stop the batch it is in
        return RegistryFault("decoder_failed", f"{name}: {type(error).__name__}: {error}"[:1000])


def _unique(reason: str, names: list[tuple[str, ...]]) -> None:
    for name, count in Counter(names).items():
        if count > 1:
            raise EntryError(reason, f"{', '.join(name)} is declared {count} times")
