"""API keys: made once, shown once, kept as hashes with what each may do.

A key is 256 random bits behind its own name, so a plain SHA-256 of it cannot be guessed back. Belongs here: the file of
keys. Does not: reading a request's headers (``access``), the verbs (``cli/keys.py``).
"""

from __future__ import annotations

import hashlib
import hmac
import json
import os
import secrets
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from types import MappingProxyType
from typing import Final

from iot_assets.errors import IotAssetsError, StorageError

#: What a key may be for.
SCOPES: Final = MappingProxyType(
    {
        "read": "ask everything but SQL",
        "sql": "POST /sql",
        "ingest": "send data: POST /data and /ingest/…",
        "admin": "all of that",
    }
)
_MARK: Final = "iot"


class KeyProblemError(IotAssetsError):
    """What was asked of the keys cannot be done; the sentence says why."""


@dataclass(frozen=True, slots=True)
class Key:
    """One key as it is kept."""

    name: str
    scopes: tuple[str, ...]
    sha256: str
    made_at: str

    def may(self, scope: str) -> bool:
        """Whether it opens what this scope is asked for."""
        return scope in self.scopes or "admin" in self.scopes


class Keys:
    """The file of keys, read anew whenever it has changed."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._seen: tuple[int, int] | None = None
        self._keys: tuple[Key, ...] = ()

    def all(self) -> tuple[Key, ...]:
        """Every key, in the order in which they were made.

        Raises:
            KeyProblemError: the file is not what this program writes.
        """
        try:
            found = self._file.stat()
        except FileNotFoundError:
            self._seen, self._keys = None, ()
            return ()
        identity = (found.st_ino, found.st_mtime_ns)
        if identity != self._seen:
            self._keys, self._seen = self._read(), identity
        return self._keys

    def find(self, secret: str) -> Key | None:
        """The key that this secret is."""
        given = hashlib.sha256(secret.encode()).hexdigest()
        return next((key for key in self.all() if hmac.compare_digest(key.sha256, given)), None)

    def make(self, name: str, scopes: tuple[str, ...]) -> str:
        """Make a key, and give its secret: the only time that anybody sees it.

        Raises:
            KeyProblemError: there is a key of this name, or no such scope.
            StorageError: the file cannot be written.
        """
        if unknown := [scope for scope in scopes if scope not in SCOPES]:
            raise KeyProblemError(f"there is no scope {unknown[0]!r}; there are {', '.join(SCOPES)}")
        if any(key.name == name for key in self.all()):
            raise KeyProblemError(f"there is a key {name!r} already; revoke it first, or take another name")
        secret = f"{_MARK}_{secrets.token_urlsafe(32)}"
        made = Key(name, scopes, hashlib.sha256(secret.encode()).hexdigest(), datetime.now(UTC).isoformat())
        self._write((*self.all(), made))
        return secret

    def revoke(self, name: str) -> None:
        """Take a key back; from the next request on it opens nothing.

        Raises:
            KeyProblemError: there is no such key.
            StorageError: the file cannot be written.
        """
        kept = tuple(key for key in self.all() if key.name != name)
        if len(kept) == len(self.all()):
            raise KeyProblemError(f"there is no key {name!r}; `iot-assets keys list` shows them")
        self._write(kept)

    def _read(self) -> tuple[Key, ...]:
        try:
            told = json.loads(self._file.read_text(encoding="utf-8"))
            return tuple(Key(one["name"], tuple(one["scopes"]), one["sha256"], one["made_at"]) for one in told)
        except (OSError, ValueError, KeyError, TypeError) as error:
            raise KeyProblemError(f"{self._file} is no file of API keys: {error}") from error

    def _write(self, keys: tuple[Key, ...]) -> None:
        temporary = self._file.with_name(self._file.name + ".tmp")
        try:
            self._file.parent.mkdir(parents=True, exist_ok=True)
            with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
                json.dump([asdict(key) for key in keys], out, indent=1)
                out.flush()
                os.fsync(out.fileno())
            temporary.replace(self._file)
        except OSError as error:
            raise StorageError("write API keys to", self._file, error) from error
