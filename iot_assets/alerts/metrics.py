"""The watcher's own figures for Prometheus: alerts that are open, how each channel fares, when it last looked.

Belongs here: the page. Does not: the figures themselves (``store.py``, ``outbox.py``).
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from types import MappingProxyType
from typing import TYPE_CHECKING, Final

from prometheus_client import CollectorRegistry, start_http_server
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from iot_assets.alerts import outbox
from iot_assets.alerts.alert import State
from iot_assets.alerts.store import Store
from iot_assets.errors import InUseError
from iot_assets.sections.alerts import SEVERITIES

if TYPE_CHECKING:
    from pathlib import Path

_HOST: Final = "127.0.0.1"
_PREFIX: Final = "iot_assets_alerts_"
#: metric → its kind, its label, what it means.
METRICS: Final = MappingProxyType(
    {
        "open": ("gauge", "severity", "Alerts that are open."),
        "channel_up": ("gauge", "channel", "1 while the channel takes what it is told."),
        "channel_waiting": ("gauge", "channel", "Notices that wait for the channel."),
        "channel_sent": ("counter", "channel", "Notices that the channel took."),
        "channel_dropped": ("counter", "channel", "Notices that it could not be told, and never will be."),
        "last_look_timestamp_seconds": ("gauge", "", "When the causes were last looked at."),
    }
)


@contextmanager
def metrics_page(port: int, store: Path, channels: Sequence[str], last_look: Callable[[], float]) -> Iterator[None]:
    """Serve the page within the block; nothing where the port is 0.

    Raises:
        InUseError: the port is taken.
    """
    if not port:
        yield
        return
    registry = CollectorRegistry()
    registry.register(_Figures(store, channels, last_look))
    try:
        server, thread = start_http_server(port, _HOST, registry)
    except OSError as error:
        raise InUseError(
            f"the address {_HOST}:{port} for metrics",
            f"something else ({error.strerror})",
            "set alerts.metrics_port to a free port, or to 0 to do without",
        ) from error
    try:
        yield
    finally:
        server.shutdown()
        server.server_close()
        thread.join()


class _Figures(Collector):
    def __init__(self, store: Path, channels: Sequence[str], last_look: Callable[[], float]) -> None:
        self._store, self._channels, self._last_look = store, channels, last_look

    def collect(self) -> Iterator[Metric]:
        for name, values in self._read().items():
            kind, label, meaning = METRICS[name]
            family = CounterMetricFamily if kind == "counter" else GaugeMetricFamily
            metric = family(_PREFIX + name, meaning, labels=[label] if label else [])
            for labelled, value in values.items():
                metric.add_metric([labelled] if label else [], value)
            yield metric

    def _read(self) -> dict[str, dict[str, float]]:
        store = Store(self._store)  # asked from a thread of the server's own
        try:
            alerts = [alert for alert in store.alive().values() if alert.state is State.OPEN]
            states = [outbox.state_of(store, name) for name in self._channels]
        finally:
            store.close()
        return {
            "open": {s: float(sum(alert.severity == s for alert in alerts)) for s in SEVERITIES},
            "channel_up": {s.channel: float(s.failing_since_at is None) for s in states},
            "channel_waiting": {s.channel: float(s.waiting) for s in states},
            "channel_sent": {s.channel: float(s.sent) for s in states},
            "channel_dropped": {s.channel: float(s.dropped) for s in states},
            "last_look_timestamp_seconds": {"": self._last_look()},
        }
