"""From the server's thread to the lander's and back: bodies go over in one piece, and so do the answers.

Belongs here: what the two threads share, and nothing else is shared. Does not: HTTP (``app.py``), making durable
(``landing/commit.py``).
"""

from __future__ import annotations

import asyncio
import contextlib
import threading
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from iot_assets.landing.taken import Taken

if TYPE_CHECKING:
    from iot_assets.landing.wake import Wake

#: The source of all that comes over HTTP; which sender it was is in the topic.
HTTP_SOURCE: Final = "http"


@dataclass(frozen=True, slots=True)
class Handed:
    """Bodies that the lander has taken charge of, and those who wait to hear what became of them."""

    taken: Taken
    _answers: list[asyncio.Future[bool]]

    def settle(self, *, durable: bool) -> None:
        """Tell all of them."""
        # A loop that is closed has nobody waiting any more.
        with contextlib.suppress(RuntimeError):
            self._answers[0].get_loop().call_soon_threadsafe(_settle, self._answers, durable)


class Handover:
    """``give`` belongs to the server's thread, ``take`` and ``closed`` to the lander's."""

    def __init__(self, wake: Wake) -> None:
        self._wake = wake
        self._lock = threading.Lock()
        self._taken = Taken(HTTP_SOURCE, 0)
        self._answers: list[asyncio.Future[bool]] = []
        self.closed: str | None = "the lander is starting"
        """Why nothing is taken at the moment, or None; the server asks before it reads a body."""

    def give(self, topic: str, body: bytes, content_type: str | None, attributes: str | None) -> asyncio.Future[bool]:
        """Hand over one body; the answer is whether it has become durable."""
        answer: asyncio.Future[bool] = asyncio.get_running_loop().create_future()
        with self._lock:
            first = not self._answers
            self._answers.append(answer)
            self._taken.add(
                topic, body, received_us=time.time_ns() // 1000, content_type=content_type, attributes=attributes
            )
        if first:
            self._wake.ring()
        return answer

    def take(self) -> Handed | None:
        """All that was given since the last time."""
        if not self._answers:
            return None
        with self._lock:
            handed = Handed(self._taken, self._answers)
            self._taken, self._answers = Taken(HTTP_SOURCE, 0), []
        return handed


def _settle(answers: list[asyncio.Future[bool]], durable: bool) -> None:  # noqa: FBT001 - the loop passes no names
    for answer in answers:
        if not answer.done():  # whoever waited may have been sent home
            answer.set_result(durable)
