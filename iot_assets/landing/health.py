"""The lander's own health over HTTP: ``/healthz`` for whoever restarts things, ``/metrics`` for Prometheus.

Belongs here: the two pages. Does not: the figures (``status.py``), which it only repeats.
"""

from __future__ import annotations

import dataclasses
import json
import threading
from collections.abc import Callable, Iterator
from datetime import UTC, datetime
from http import HTTPStatus
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, Final

from prometheus_client import CONTENT_TYPE_LATEST, CollectorRegistry, generate_latest
from prometheus_client.core import CounterMetricFamily, GaugeMetricFamily, Metric
from prometheus_client.registry import Collector

from iot_assets.errors import InUseError

if TYPE_CHECKING:
    from iot_assets.landing.status import LanderStatus

#: The loop turns several times a second; after so long it hangs.
_STALE_SECONDS: Final = 30.0
_PREFIX: Final = "iot_assets_lander_"

#: metric → the status field it repeats, and what it means. Counters are of this start.
COUNTERS: Final = MappingProxyType(
    {
        "received_messages": ("received_messages", "Messages taken from the broker and other sources."),
        "received_bytes": ("received_bytes", "Payload bytes of the messages taken."),
        "http_accepted": ("http_accepted", "Bodies taken over HTTP, durable and answered with success."),
        "http_refused": ("http_refused", "HTTP requests answered with an error."),
        "duplicates": ("duplicates", "Messages taken whose dup flag was set."),
        "durable_messages": ("durable_messages", "Messages fsynced to the spool."),
        "acknowledged_messages": ("acknowledged_messages", "Messages acknowledged to the broker."),
        "landed_messages": ("landed_messages", "Messages in landed Parquet files."),
        "landed_bytes": ("landed_bytes", "Payload bytes of the messages in landed Parquet files."),
        "files_sealed": ("files_sealed", "Parquet files landed."),
        "commits": ("commits", "Group commits."),
        "commit_seconds": ("commit_seconds", "Seconds spent in group commits."),
    }
)
GAUGES: Final = MappingProxyType(
    {
        "connected": ("connected", "1 while connected with all subscriptions confirmed."),
        "reading": ("reading", "1 while messages are taken, 0 while the disk is in trouble."),
        "session": ("session", "Epoch of the connection."),
        "sessions_lost": ("session_lost", "Sessions the broker should have kept and had not; over all starts."),
        "in_flight_messages": ("in_flight_messages", "Messages taken and not yet durable."),
        "in_flight_bytes": ("in_flight_bytes", "Payload bytes taken and not yet durable."),
        "segments_waiting": ("segments_waiting", "Closed segments not yet landed."),
        "segments_damaged": ("segments_damaged", "Segments kept aside because they could not be read whole."),
        "last_message_timestamp_seconds": ("last_message_at", "When the last message was taken."),
        "last_sealed_timestamp_seconds": ("last_sealed_at", "When the last file was landed."),
        "broker_dropped_messages": ("dropped_by_broker", "The broker's own count of messages it dropped."),
    }
)


class HealthServer:
    """Serves from construction until ``close``.

    Raises:
        InUseError: the port is taken.
    """

    def __init__(self, host: str, port: int, status: Callable[[], LanderStatus]) -> None:
        registry = CollectorRegistry()
        registry.register(_StatusCollector(status))

        class Handler(BaseHTTPRequestHandler):
            server_version = "iot-assets"

            def do_GET(self) -> None:
                match self.path.partition("?")[0]:
                    case "/healthz":
                        code, body = _healthz(status())
                        self._answer(code, "application/json", body)
                    case "/metrics":
                        self._answer(HTTPStatus.OK, CONTENT_TYPE_LATEST, generate_latest(registry))
                    case _:
                        self._answer(HTTPStatus.NOT_FOUND, "text/plain", b"here are /healthz and /metrics\n")

            def _answer(self, code: HTTPStatus, content_type: str, body: bytes) -> None:
                self.send_response(code)
                self.send_header("Content-Type", content_type)
                self.send_header("Content-Length", str(len(body)))
                self.end_headers()
                self.wfile.write(body)

            def log_message(self, format: str, *args: Any) -> None:  # noqa: A002 - the signature is the library's
                """Say nothing: a probe a second is no news."""

        try:
            self._server = ThreadingHTTPServer((host, port), Handler)
        except OSError as error:
            raise InUseError(
                f"the address {host}:{port} for health and metrics",
                f"something else ({error.strerror})",
                "set lander.metrics_port to a free port, or to 0 to do without",
            ) from error
        self.port = int(self._server.server_address[1])
        self._thread = threading.Thread(
            target=self._server.serve_forever, kwargs={"poll_interval": 0.1}, name="lander-health", daemon=True
        )
        self._thread.start()

    def close(self) -> None:
        """Stop serving and free the port."""
        self._server.shutdown()
        self._server.server_close()
        self._thread.join()


def _healthz(status: LanderStatus) -> tuple[HTTPStatus, bytes]:
    age = (datetime.now(UTC) - status.updated_at).total_seconds()
    problems = [p for p in (status.storage_problem, status.broker_problem) if p is not None]
    if status.broker and not status.connected and status.broker_problem is None:
        problems.append(f"not yet connected to the MQTT broker at {status.broker}")
    if age > _STALE_SECONDS:
        problems.append(f"the lander has not turned for {age:.0f} s")
    tree = {"healthy": not problems, "problems": problems, **dataclasses.asdict(status)}
    body = json.dumps(tree, indent=1, default=lambda at: at.isoformat()).encode() + b"\n"
    return HTTPStatus.SERVICE_UNAVAILABLE if problems else HTTPStatus.OK, body


class _StatusCollector(Collector):
    def __init__(self, status: Callable[[], LanderStatus]) -> None:
        self._status = status

    def collect(self) -> Iterator[Metric]:
        status = self._status()
        for name, (field, text) in COUNTERS.items():
            yield CounterMetricFamily(_PREFIX + name, text, value=getattr(status, field))
        for name, (field, text) in GAUGES.items():
            value = getattr(status, field)
            if value is not None:
                number = value.timestamp() if isinstance(value, datetime) else float(value)
                yield GaugeMetricFamily(_PREFIX + name, text, value=number)
        for name, problem, text in (
            ("storage_problem", status.storage_problem, "1 while the disk is in trouble."),
            ("broker_problem", status.broker_problem, "1 while the broker is in trouble."),
        ):
            yield GaugeMetricFamily(_PREFIX + name, text, value=float(problem is not None))
