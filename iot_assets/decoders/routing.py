"""Each message's route, found once per distinct topic and content type.

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
    """The batch with what a route says of each message.

    Columns: route, group, captures (JSON), device_prefix, device_captured, device_suffix, device_default.
    Route and group are null where no route matches, and for the registry, which follows none.
    """
    kinds = batch["content_type"]
    # A topic holds no null character, so that it can stand between topic and content type.
    key = pc.binary_join_element_wise(batch["topic"], kinds.fill_null(""), "\0") if len(kinds.drop_null()) else None
    distinct = pc.unique(batch["topic"] if key is None else key)
    number = pc.index_in(batch["topic"] if key is None else key, value_set=distinct)
    found: dict[str, tuple[pa.DataType, list[object]]] = {
        "route": (pa.int32(), []),
        "group": (pa.int32(), []),
        "captures": (pa.string(), []),
        "device_prefix": (pa.string(), []),
        "device_captured": (pa.string(), []),
        "device_suffix": (pa.string(), []),
        "device_default": (pa.string(), []),
    }
    for one in distinct.to_pylist():
        topic, _, kind = one.rpartition("\0") if key is not None else (one, "", "")
        for (_, values), value in zip(found.values(), _facts(topic, kind or None, routes), strict=True):
            values.append(value)
    is_registry = pc.equal(batch["source"], REGISTRY_SOURCE)
    for name, (type_, values) in found.items():
        column = pa.array(values, type_).take(number)
        batch = batch.append_column(name, pc.if_else(is_registry, pa.scalar(None, type_), column))
    return batch


def _facts(topic: str, content_type: str | None, routes: RouteTable) -> tuple[object, ...]:
    if (match := routes.match(topic, content_type)) is None:
        return (None,) * 7
    index, captures = match
    device = routes.device_name(index, captures)
    name = (device.prefix, device.captured, device.suffix, device.default)
    return index, routes.group_of[index], json.dumps(captures), *name
