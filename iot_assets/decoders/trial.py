"""What would become of messages: per message its route, its readings, and why it gives none.

Belongs here: results of ``decode`` put together message by message, for people. Does not: decoding, printing.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, Final

from iot_assets.decoders.decode import decode
from iot_assets.decoders.sent import Sent, as_landed
from iot_assets.model import quality

if TYPE_CHECKING:
    import pyarrow as pa

    from iot_assets.decoders.decoded import Bounds
    from iot_assets.decoders.routes import Route, RouteTable

_READING: Final = ("device_id", "metric", "event_at", "value", "value_text", "unit")


@dataclass(frozen=True, slots=True)
class Told:
    """One message, and what it tells."""

    message: Sent
    route: Route | None
    outcome: str
    readings: list[dict[str, Any]] = field(default_factory=list)
    rejects: list[dict[str, Any]] = field(default_factory=list)
    """At most one: reason and detail."""
    announcements: list[dict[str, Any]] = field(default_factory=list)
    """What devices say of themselves, and of their metrics."""


def tried(messages: Sequence[Sent], routes: RouteTable, bounds: Bounds) -> list[Told]:
    """What each of the messages tells, in their order; those without a time of their own were received just now."""
    decoded = decode(as_landed(messages, datetime.now(UTC)), routes, bounds)
    told = []
    for message, outcome in zip(messages, decoded.outcomes.to_pylist(), strict=True):
        match = routes.match(message.topic, message.content_type)
        told.append(Told(message, routes.routes[match[0]] if match else None, outcome["status"]))
    for reading in sorted(decoded.readings.to_pylist(), key=lambda r: (r["row"], r["position"])):
        shown = {name: reading[name] for name in _READING}
        flags = reading["flags"]
        told[reading["row"]].readings.append({**shown, "quality": quality(flags), "flags": flags})
    for reject in decoded.rejects.to_pylist():
        told[reject["row"]].rejects.append({"reason": reject["reason"], "detail": reject["detail"]})
    for row, fact in (*_facts(decoded.announcements), *_facts(decoded.announced_metrics)):
        told[row].announcements.append(fact)
    return told


def _facts(table: pa.Table) -> list[tuple[int, dict[str, Any]]]:
    return [
        (fact["row"], {name: value for name, value in fact.items() if value is not None and name != "row"})
        for fact in table.to_pylist()
    ]
