"""Each message's route, found once per distinct topic.

Belongs here: the step from topics to numbers of routes and groups. Does not: patterns (``routes``).
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.lake.landed import REGISTRY_SOURCE

if TYPE_CHECKING:
    from iot_assets.decoders.routes import RouteTable


def routed(batch: pa.Table, routes: RouteTable) -> pa.Table:
    """The batch with columns route, group, captures (JSON), device_prefix, device_captured and device_suffix.

    Route and group are null where no route matches, and for the registry, which follows none.
    """
    topics = pc.unique(batch["topic"])
    number = pc.index_in(batch["topic"], value_set=topics)
    found: dict[str, tuple[pa.DataType, list[object]]] = {
        "route": (pa.int32(), []),
        "group": (pa.int32(), []),
        "captures": (pa.string(), []),
        "device_prefix": (pa.string(), []),
        "device_captured": (pa.string(), []),
        "device_suffix": (pa.string(), []),
    }
    for topic in topics.to_pylist():
        for (_, values), value in zip(found.values(), _facts(topic, routes), strict=True):
            values.append(value)
    is_registry = pc.equal(batch["source"], REGISTRY_SOURCE)
    for name, (kind, values) in found.items():
        column = pa.array(values, kind).take(number)
        batch = batch.append_column(name, pc.if_else(is_registry, pa.scalar(None, kind), column))
    return batch


def _facts(topic: str, routes: RouteTable) -> tuple[object, ...]:
    if (match := routes.match(topic)) is None:
        return (None,) * 6
    index, captures = match
    device = routes.device_name(index, captures)
    return index, routes.group_of[index], json.dumps(captures), device.prefix, device.captured, device.suffix
