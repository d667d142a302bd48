"""The landed lake as Dagster sees it: an external asset at the root of the lineage, reported, not made here."""

from typing import Any, Final

import dagster as dg

from iot_assets.assets.specs import LANDED, OWNERS
from iot_assets.lake.landed import LANDED_SCHEMA

LANDED_SPEC: Final = dg.AssetSpec(
    LANDED,
    description="Landed Parquet files: every message as it came, made durable before it was acknowledged.",
    group_name="lake",
    kinds={"parquet", "mqtt"},
    owners=list(OWNERS),
    metadata={
        "dagster/column_schema": dg.TableSchema(
            [
                dg.TableColumn(f.name, str(f.type), constraints=dg.TableColumnConstraints(nullable=f.nullable))
                for f in LANDED_SCHEMA
            ]
        )
    },
)


def landed_materialization(
    *, files: int, messages: int | None, size: int, newest_at: float | None, lag_seconds: float | None, by: str
) -> dg.AssetMaterialization:
    """Says that files have landed; reported within a run where there is one, so that it is deleted with it.

    Args:
        files: how many files.
        messages: how many messages, where they were counted.
        size: bytes of the files.
        newest_at: newest received time, seconds since 1970.
        lag_seconds: seconds between that and now.
        by: who reports it.
    """
    metadata: dict[str, Any] = {"files": files, "bytes": size, "reported_by": by}
    if messages is not None:
        metadata["rows"] = messages
    if newest_at is not None:
        metadata["newest_received_at"] = dg.MetadataValue.timestamp(newest_at)
    if lag_seconds is not None:
        metadata["lag_seconds"] = lag_seconds
    return dg.AssetMaterialization(LANDED, metadata=metadata)
