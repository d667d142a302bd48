"""What is said to Sparkplug edge nodes: the request to be born again, which they answer with new birth certificates.

Belongs here: topic and payload. Does not: sending them.
"""

from __future__ import annotations

from iot_assets.decoders.readers.sparkplug_births import NAMESPACE, address
from iot_assets.decoders.readers.sparkplug_schema import Payload

_REBIRTH = "Node Control/Rebirth"
_BOOLEAN = 11


def rebirth(node: str, now_ms: int) -> tuple[str, bytes]:
    """Topic and payload for ``group/node``, before which may stand what stands before the namespace in its topics."""
    *root, group, name = node.split("/")
    payload = Payload(timestamp=now_ms)
    payload.metrics.add(name=_REBIRTH, timestamp=now_ms, datatype=_BOOLEAN, boolean_value=True)
    return "/".join([*root, NAMESPACE, group, "NCMD", name]), payload.SerializeToString()


def node_of(topic: str) -> str | None:
    """The edge node that a topic names, in the form that ``rebirth`` takes."""
    where = address(topic)
    return None if where is None or not where.node else f"{where.root}{where.group}/{where.node}"
