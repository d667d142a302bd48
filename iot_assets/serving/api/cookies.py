"""Cookies that stand for an API key in a browser: signed with the key's own hash, so that they end when it is revoked.

Belongs here: making and judging them. Does not: the form that gives them out (``dashboard/login``).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import time
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:
    from iot_assets.serving.api.keys import Key, Keys

_SECONDS: Final = 30 * 86400


@dataclass(frozen=True, slots=True)
class Cookie:
    """What the browser is given, and how long it keeps it."""

    text: str
    seconds: int = _SECONDS


def cookie_for(key: Key) -> Cookie:
    """A cookie that stands for the key, for thirty days."""
    name = base64.urlsafe_b64encode(key.name.encode()).decode().rstrip("=")
    told = f"{name}.{int(time.time()) + _SECONDS}"
    return Cookie(f"{told}.{_signed(told, key)}")


def key_of(text: str, keys: Keys) -> Key | None:
    """The key that a cookie stands for, fit for reading only: what a browser sends along must change nothing."""
    told, _, signature = text.rpartition(".")
    name, _, ends = told.partition(".")
    if not (ends.isascii() and ends.isdigit()) or int(ends) < time.time():
        return None
    for key in keys.all():
        if base64.urlsafe_b64encode(key.name.encode()).decode().rstrip("=") == name:
            good = hmac.compare_digest(_signed(told, key).encode(), signature.encode())
            return replace(key, scopes=("read",)) if good and key.may("read") else None
    return None


def _signed(told: str, key: Key) -> str:
    return hmac.new(bytes.fromhex(key.sha256), b"iot_assets cookie " + told.encode(), hashlib.sha256).hexdigest()
