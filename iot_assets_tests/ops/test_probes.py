"""Probes say what is missing until a part is really up, and never fail themselves."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, HTTPServer
from pathlib import Path
from typing import Any

import pytest

from iot_assets.lake.paths import DataPaths
from iot_assets.ops.probes import (
    dagster_busy,
    dagster_missing,
    fleet_missing,
    lander_missing,
    page_address,
    port_missing,
)
from iot_assets_tests.brokers import free_port


@contextmanager
def page(data: Any) -> Iterator[int]:
    """A web page that answers each question with this."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            self.rfile.read(int(self.headers["Content-Length"]))
            self.send_response(200)
            self.end_headers()
            self.wfile.write(json.dumps({"data": data}).encode())

        def log_message(self, *_: object) -> None:
            pass

    with HTTPServer(("127.0.0.1", 0), Handler) as server:
        thread = threading.Thread(target=server.serve_forever, name="page")
        thread.start()
        yield server.server_port
        server.shutdown()
        thread.join()


def state(*, status: str = "LOADED", error: str | None = None, healthy: bool = True) -> dict[str, Any]:
    loaded = {"__typename": "RepositoryLocation"} if error is None else {"__typename": "PythonError", "message": error}
    daemons = [
        {"daemonType": "SCHEDULER", "required": True, "healthy": healthy},
        {"daemonType": "SENSOR", "required": True, "healthy": True},
        {"daemonType": "BACKFILL", "required": True, "healthy": False},
    ]
    return {
        "workspaceOrError": {
            "locationEntries": [{"name": "iot_assets", "loadStatus": status, "locationOrLoadError": loaded}]
        },
        "instance": {"daemonHealth": {"allDaemonStatuses": daemons}},
    }


@pytest.mark.parametrize(
    ("data", "missing"),
    [
        (state(), None),
        (state(status="LOADING"), "its code to load"),
        (state(error="no module\n  named x"), "code location 'iot_assets', which does not load: no module named x"),
        (state(healthy=False), "the heartbeat of scheduler"),
        ({"workspaceOrError": {"locationEntries": []}}, "its code to load"),
        ({"something": "of a later version"}, None),
    ],
)
def test_dagster_is_up_once_its_code_is_loaded_and_its_daemons_are_at_work(data: Any, missing: str | None) -> None:
    with page(data) as port:
        assert dagster_missing("127.0.0.1", port) == missing


def test_dagster_is_busy_while_a_run_goes_on() -> None:
    with page({"runsOrError": {"results": [{"id": "x"}]}}) as port:
        assert dagster_busy("127.0.0.1", port)
    with page({"runsOrError": {"results": []}}) as port:
        assert not dagster_busy("127.0.0.1", port)
    assert not dagster_busy("127.0.0.1", port)


def test_a_page_that_does_not_answer_is_missing_itself() -> None:
    port = free_port()
    assert dagster_missing("127.0.0.1", port) == f"its web page, http://127.0.0.1:{port}"


@pytest.mark.parametrize(
    ("host", "address"),
    [("127.0.0.1", "127.0.0.1"), ("0.0.0.0", "127.0.0.1"), ("::", "[::1]"), ("::1", "[::1]"), ("host", "host")],
)
def test_a_page_that_listens_everywhere_is_looked_for_here(host: str, address: str) -> None:
    assert page_address(host, 3000) == f"http://{address}:3000"


def test_a_port_is_missing_until_something_listens_there() -> None:
    with socket.create_server(("127.0.0.1", 0)) as server:
        port = server.getsockname()[1]
        assert port_missing("127.0.0.1", port) is None
    assert port_missing("127.0.0.1", port) == f"an answer on port {port}"


@pytest.mark.parametrize(
    ("content", "up"),
    [
        (None, False),
        ("{", False),
        ("[]", False),
        ('{"pid": 7, "acknowledged": 0}', False),
        ('{"pid": 6, "acknowledged": 5}', False),
        ('{"pid": 7, "acknowledged": 5}', True),
    ],
)
def test_the_fleet_is_up_once_a_message_of_its_own_is_acknowledged(
    tmp_path: Path, content: str | None, *, up: bool
) -> None:
    path = tmp_path / "fleet.json"
    if content is not None:
        path.write_text(content)
    assert (fleet_missing(path, 7) is None) is up


def test_a_lander_that_has_said_nothing_is_not_up(tmp_path: Path) -> None:
    assert lander_missing(DataPaths(tmp_path), "lander", 7) == "its first sign of life"
