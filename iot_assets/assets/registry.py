"""The registry's history for silver: every registry ever landed, decoded."""

import duckdb

from iot_assets.decoders.registry import RegistrySnapshot, decode_registry
from iot_assets.warehouse import silver as unit
from iot_assets.warehouse.registry import Snapshot


def snapshots(connection: duckdb.DuckDBPyConnection) -> list[Snapshot]:
    """All readable registries up to the open batch, in the order of arrival; unreadable ones are rejects already."""
    found = []
    for message in unit.registry_messages(connection).to_pylist():
        decoded = decode_registry(message["payload"])
        if isinstance(decoded, RegistrySnapshot):
            found.append(Snapshot(message["received_at"], decoded.devices, decoded.metrics))
    return found
