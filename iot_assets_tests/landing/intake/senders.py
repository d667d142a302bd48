"""Those who send over HTTP, as plain as they can be, and the intake they send to.

Belongs here: requests and answers, settings of a lander with an intake. Does not: expectations.
"""

from __future__ import annotations

import http.client
import json
import socket
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, ClassVar, Final

from iot_assets_tests.brokers import free_port
from iot_assets_tests.landing.harness import settings_for, wait_for

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from iot_assets.settings import Settings

TEXT: Final = {"Content-Type": "text/plain"}
HEAD: Final = b"POST /data HTTP/1.1\r\nHost: x\r\nContent-Type: text/plain\r\nContent-Length: %d\r\n"
"""Of a request with lines, but for its last empty line."""
LINE: Final = b"1649941817 Voltage 1.34\n"


@dataclass(frozen=True)
class Answer:
    status: int
    headers: dict[str, str]
    body: bytes

    @property
    def tree(self) -> dict[str, Any]:
        assert self.headers["content-type"] == "application/json"
        tree = json.loads(self.body)
        assert isinstance(tree, dict)
        return tree

    @property
    def refusal(self) -> str:
        """The sentence of a refusal, which has always the same shape."""
        tree = self.tree
        assert set(tree) == {"success", "error", "line"}
        assert tree["success"] is False
        assert tree["error"] == str(tree["error"])
        return str(tree["error"])


def intake_settings(
    data: Path, /, *, broker: int | None = None, port: int | None = None, most: int = 1 << 20, **http: Any
) -> Settings:
    return settings_for(data, broker, http={"port": port or free_port(), **http}, decode={"max_payload_bytes": most})


class Sender:
    """One connection, kept alive from request to request; those still open are closed after each test."""

    made: ClassVar[list[Sender]] = []

    def __init__(self, settings: Settings) -> None:
        assert settings.http.port
        self.port = settings.http.port
        self._connection = http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
        self.made.append(self)

    def ask(
        self,
        method: str,
        path: str,
        body: bytes | Iterable[bytes] | None = None,
        headers: dict[str, str] | None = None,
        **how: Any,
    ) -> Answer:
        self._connection.request(method, path, body, headers or {}, **how)
        answer = self._connection.getresponse()
        names = {name.lower(): value for name, value in answer.getheaders()}
        return Answer(answer.status, names, answer.read())

    def lines(self, body: bytes = LINE, **headers: str) -> Answer:
        return self.ask("POST", "/data", body, {**TEXT, **{k.replace("_", "-"): v for k, v in headers.items()}})

    @property
    def socket(self) -> socket.socket:
        """What is connected at the moment."""
        assert self._connection.sock is not None
        return self._connection.sock

    def close(self) -> None:
        self._connection.close()


def taking(settings: Settings) -> Sender:
    """Someone who sends, once the intake takes what is sent."""

    def healthy() -> bool:
        sender = Sender(settings)
        try:
            return sender.ask("GET", "/health").status == 200
        except (OSError, http.client.HTTPException):
            return False
        finally:
            sender.close()

    wait_for(healthy, "the intake")
    return Sender(settings)


def exchange(port: int, sent: bytes) -> bytes:
    """Send bytes that need be no HTTP, and read until the other side hangs up."""
    with socket.create_connection(("127.0.0.1", port), timeout=60) as sock:
        sock.sendall(sent)
        received = b""
        try:
            while piece := sock.recv(65536):
                received += piece
        except ConnectionResetError:
            pass
        return received
