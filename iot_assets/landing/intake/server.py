"""The server in its thread: a socket of our own, and uvicorn on it.

Belongs here: listening, the thread, starting and stopping. Does not: connections (``protocol.py``), requests
(``app.py``).
"""

from __future__ import annotations

import errno
import logging
import socket
import threading
from typing import TYPE_CHECKING, Final

import uvicorn

from iot_assets.errors import InUseError, SettingsError
from iot_assets.landing.intake.app import Intake
from iot_assets.landing.intake.handover import Handover
from iot_assets.landing.intake.protocol import BoundedProtocol

if TYPE_CHECKING:
    from iot_assets.landing.wake import Wake
    from iot_assets.settings import Settings

_IDLE_SECONDS: Final = 60
"""A connection may be silent so long between two requests."""
_FAREWELL_SECONDS: Final = 5
"""At a stop, requests that have begun may take so long."""
_BACKLOG: Final = 2048


class IntakeServer:
    """Listens from construction until ``close``; takes nothing until ``handover.closed`` is None.

    Raises:
        InUseError: the port is taken.
        SettingsError: the address is none of this machine's, or the port is not for ordinary users.
    """

    def __init__(self, settings: Settings, port: int, wake: Wake) -> None:
        http = settings.http
        self._socket = _listen(http.host, port)
        self.address = f"{http.host}:{port}"
        self.handover = Handover(wake)
        self.intake = Intake(settings, self.handover)

        class Protocol(BoundedProtocol):
            most_connections = http.max_connections

        self._server = uvicorn.Server(
            uvicorn.Config(
                self.intake.app(),
                http=Protocol,
                ws="none",
                lifespan="off",
                log_config=None,
                log_level=logging.ERROR,
                access_log=False,
                server_header=False,
                proxy_headers=False,
                backlog=_BACKLOG,
                timeout_keep_alive=_IDLE_SECONDS,
                timeout_graceful_shutdown=_FAREWELL_SECONDS,
            )
        )
        self._thread = threading.Thread(
            target=self._server.run, kwargs={"sockets": [self._socket]}, name="lander-intake", daemon=True
        )
        self._thread.start()

    @property
    def running(self) -> bool:
        """Whether there are requests that may still be answered."""
        return self._thread.is_alive()

    def stop(self) -> None:
        """Accept no new connection and let the requests that have begun end; go on taking until ``running`` ends."""
        self._server.should_exit = True

    def close(self) -> None:
        """Wait for the end."""
        self.stop()
        self._thread.join()


def _listen(host: str, port: int) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        return socket.create_server(address[:2], family=family, backlog=_BACKLOG)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InUseError(
                f"the address {host}:{port} for the HTTP intake",
                "another program",
                "set http.port (IOT_HTTP__PORT) to a free port, or to 0 to do without",
            ) from error
        raise SettingsError(
            [f"http.host, http.port (IOT_HTTP__HOST, IOT_HTTP__PORT): cannot listen on {host}:{port}: {error.strerror}"]
        ) from error
