"""A house with its server: the real one, over HTTP.

Belongs here: starting, asking, ending. Does not: expectations.
"""

from __future__ import annotations

import socket
import threading
from typing import Any

import httpx
import uvicorn

from iot_assets.serving.api.app import api
from iot_assets_tests.house import House


class Served:
    """A house with its server."""

    def __init__(self, house: House) -> None:
        self.house = house
        self._socket = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._socket.getsockname()[1]}"
        self._server = uvicorn.Server(uvicorn.Config(api(house.settings), log_config=None))
        self._thread = threading.Thread(target=self._server.run, kwargs={"sockets": [self._socket]})
        self._thread.start()
        self.client = httpx.Client(base_url=self.address, timeout=30)

    def get(self, path: str, **headers: str) -> httpx.Response:
        return self.client.get(path, headers=headers)

    def items(self, path: str) -> list[dict[str, Any]]:
        answer = self.get(path)
        assert answer.status_code == 200, answer.text
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    def close(self) -> None:
        self.client.close()
        self._server.should_exit = True
        self._thread.join()


def serve(house: House, **server: Any) -> Served:
    settings = house.settings
    changed = settings.server.model_copy(update=server)
    return Served(House(settings.model_copy(update={"server": changed})))
