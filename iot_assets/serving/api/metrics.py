"""What Prometheus is told: the figures of ``/status``, and what has been asked of this server.

Belongs here: names and meanings of metrics. Does not: finding the figures (``state``).
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CollectorRegistry, Counter, Gauge, Histogram, generate_latest

if TYPE_CHECKING:
    from starlette.types import Scope

_PREFIX: Final = "iot_assets_"
#: What is told, by its path in ``/status`` → what it means; instants are seconds since 1970.
GAUGES: Final = MappingProxyType(
    {
        "ok": "1 while /health says that all is well.",
        "published_at": "When the tables that are answered from were published, seconds since 1970.",
        "newest_event_at": "Event time of the newest reading, seconds since 1970.",
        "newest_received_at": "Received time of the newest reading, seconds since 1970.",
        "devices": "Devices known.",
        "numeric_readings": "Numeric readings in the tables.",
        "rejects": "Messages that could not be decoded.",
        "messages": "Messages in the books.",
        "waiting_files": "Landed files that are not yet in the tables.",
        "waiting_since": "When the oldest of them landed, seconds since 1970.",
        "devices_online": "Devices that are heard as often as they should be.",
        "devices_late": "Devices that have been silent for longer than usual.",
        "devices_offline": "Devices that have been silent for much longer than usual.",
        "quality_score": "The fleet's quality score of the newest day, 0 to 100.",
        "lander.connected": "1 while the lander is connected to its broker.",
        "lander.updated_at": "When the lander last said how it is, seconds since 1970.",
        "lander.received_messages": "Messages that the lander has received since it started.",
        "lander.session_lost": "How often the broker had forgotten the lander's session.",
        "live.looking": "1 while the live tail is kept up to date, because somebody wants to see it.",
        "live.listeners": "Streams of live readings.",
        "live.messages": "Messages in the live tail.",
        "live.left_out_files": "Landed files that are too many for the live tail, and seen once they are published.",
    }
)


class Asked:
    """Counts what has been asked, by the address as ``/docs`` writes it."""

    def __init__(self) -> None:
        self._registry = CollectorRegistry()
        self._requests = Counter(
            f"{_PREFIX}http_requests", "Requests answered.", ["method", "address", "status"], registry=self._registry
        )
        self._seconds = Histogram(
            f"{_PREFIX}http_request_seconds", "Time to the end of an answer.", ["address"], registry=self._registry
        )

    def count(self, scope: Scope, status: int, seconds: float) -> None:
        """One answer; of an address that there is none for, all are one."""
        address = getattr(scope.get("route"), "path", "other")
        self._requests.labels(scope["method"], address, status).inc()
        self._seconds.labels(address).observe(seconds)

    def text(self, told: Mapping[str, Any]) -> bytes:
        """All metrics, with the figures of the status."""
        registry = CollectorRegistry()
        for path, meaning in GAUGES.items():
            value: Any = told
            for name in path.split("."):
                value = value.get(name) if isinstance(value, Mapping) else None
            if value is None:
                continue
            is_time = isinstance(value, str)
            name = path.replace(".", "_").removesuffix("_at") + ("_seconds" if is_time else "")
            gauge = Gauge(f"{_PREFIX}{name}", meaning, registry=registry)
            gauge.set(datetime.fromisoformat(value).timestamp() if is_time else value)
        return generate_latest(registry) + generate_latest(self._registry)
