"""The registry for silver: every registry file ever landed, decoded; and what silver's step finds about it."""

from datetime import timedelta

import duckdb

from iot_assets.assets.specs import STEP_CHECKS
from iot_assets.decoders.registry import RegistrySnapshot, decode_registry
from iot_assets.settings import Settings
from iot_assets.warehouse import silver as unit
from iot_assets.warehouse.connection import rows, scalar
from iot_assets.warehouse.contract import CheckResult, checked
from iot_assets.warehouse.registry import Snapshot
from iot_assets.warehouse.tables import DEVICES


def snapshots(connection: duckdb.DuckDBPyConnection) -> list[Snapshot]:
    """All readable registries up to the open batch, in the order of arrival; unreadable ones are rejects already."""
    found = []
    for message in unit.registry_messages(connection).to_pylist():
        decoded = decode_registry(message["payload"], message["topic"])
        if isinstance(decoded, RegistrySnapshot):
            found.append(Snapshot(message["received_at"], decoded.devices, decoded.metrics))
    return found


def registry_checks(connection: duckdb.DuckDBPyConnection, settings: Settings) -> list[CheckResult]:
    """What is found of the registry file: can it be read, and have the devices that it declares sent anything."""
    unread = "select received_at, detail, reason from silver.rejects where source = 'registry'"
    if rows(connection, f"{unread} limit 1"):  # else there is no need to look through bronze.messages
        newest = scalar(connection, "select max(received_at) from bronze.messages where source = 'registry'")
        unread += f" and received_at >= timestamptz '{newest}'"
    hours = timedelta(hours=settings.registry.seen_within_hours).total_seconds()
    unseen = f"""
        select device_id, any_value(kind) as kind, any_value(site) as site, min(valid_from_at) as declared_at
        from silver.devices
        group by device_id
        having bool_or(origin = 'declared' and valid_to_at is null) and max(first_seen_at) is null
            and min(valid_from_at) filter (origin = 'declared') < now() - interval {int(hours)} seconds
        order by device_id
        """
    found = {"registry_readable": unread, "declared_devices_seen": unseen}
    return [
        checked(connection, DEVICES, name, found[name], blocking=blocking, description=meaning)
        for name, (meaning, blocking) in STEP_CHECKS[DEVICES.full_name].items()
    ]
