"""Who may ask, and how often.

Belongs here: keys in headers, scopes, rates. Does not: the file of keys (``keys``).
"""

from __future__ import annotations

import ipaddress
import threading
import time
from collections.abc import Callable
from typing import TYPE_CHECKING, Final

from starlette.requests import HTTPConnection

from iot_assets.serving.api.cookies import Cookie, cookie_for, key_of
from iot_assets.serving.api.keys import Key, Keys
from iot_assets.serving.api.refused import RefusedError

if TYPE_CHECKING:
    from iot_assets.sections.server import Server

#: The cookie of those who have logged in.
COOKIE: Final = "iot_assets"
#: So many askers are remembered; beyond, those that have been quiet longest are forgotten.
_MOST_ASKERS: Final = 10_000


class Access:
    """Judges each request: who asks, whether they may, and whether it is too often."""

    def __init__(self, server: Server, keys: Keys, *, clock: Callable[[], float] = time.monotonic) -> None:
        wanted = server.require_keys
        self.keys_required = not is_loopback(server.host) if wanted is None else wanted
        self._keys = keys
        self._rate = server.requests_per_minute / 60
        self._most = float(max(server.requests_per_minute, 1))
        self._clock = clock
        self._left: dict[str, tuple[float, float]] = {}
        self._lock = threading.Lock()

    def allow(self, request: HTTPConnection, scope: str) -> None:
        """Let the request pass.

        Raises:
            RefusedError: 401 without a key, 403 with one that is not for this, 429 when it is too often.
        """
        key = self._key(request)
        self._slow_down(f"key {key.name}" if key else f"address {request.client.host if request.client else ''}")
        if not self.keys_required and key is None:
            return
        if key is None:
            raise RefusedError(
                401,
                "an API key is needed: send it as Authorization: Bearer …; `iot-assets keys make` makes one",
                {"WWW-Authenticate": "Bearer"},
            )
        if not key.may(scope):
            raise RefusedError(403, f"the key {key.name!r} has not the scope {scope}")

    def log_in(self, request: HTTPConnection, secret: str) -> Cookie:
        """The cookie that stands for this key, to read with.

        Raises:
            RefusedError: there is no such key, it may not read, or it was tried too often.
        """
        self._slow_down(f"address {request.client.host if request.client else ''}")
        found = self._keys.find(secret)
        if found is None:
            raise RefusedError(401, "there is no such API key; it may have been revoked")
        if not found.may("read"):
            raise RefusedError(403, f"the key {found.name!r} has not the scope read")
        return cookie_for(found)

    def _key(self, request: HTTPConnection) -> Key | None:
        given = request.headers.get("authorization", "")
        secret = given[7:].strip() if given[:7].lower() == "bearer " else request.headers.get("x-api-key", "")
        if not secret:
            return key_of(request.cookies.get(COOKIE, ""), self._keys)
        found = self._keys.find(secret)
        if found is None:
            self._slow_down(f"address {request.client.host if request.client else ''}")
            raise RefusedError(
                401, "there is no such API key; it may have been revoked", {"WWW-Authenticate": "Bearer"}
            )
        return found

    def _slow_down(self, asker: str) -> None:
        """A bucket of tokens an asker: a minute's worth at once, and refilled evenly."""
        now = self._clock()
        with self._lock:
            left, at = self._left.pop(asker, (self._most, now))
            left = min(self._most, left + (now - at) * self._rate)
            self._left[asker] = (max(left - 1, 0.0), now)
            if len(self._left) > _MOST_ASKERS:
                del self._left[next(iter(self._left))]
        if left < 1:
            wait = max(1, round((1 - left) / self._rate))
            raise RefusedError(429, f"too many requests; come again in {wait} s", {"Retry-After": str(wait)})


def is_loopback(host: str) -> bool:
    """Whether only this machine can reach what listens on the address."""
    if host == "localhost":
        return True
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return False
