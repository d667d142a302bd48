"""Group commit: whatever has been taken becomes durable in one piece, and only then do those who wait for it hear so.

Belongs here: that order, and holding on while the disk takes nothing. Does not: the files (``segment.py``,
``state.py``), where messages come from.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING, Final

from iot_assets.errors import StorageError
from iot_assets.landing.trouble import Trouble

if TYPE_CHECKING:
    import logging

    import pyarrow as pa

    from iot_assets.lake.message_id import MessageIds
    from iot_assets.landing.segment import Spool
    from iot_assets.landing.state import StateFile
    from iot_assets.landing.taken import Taken

_RETRY_SECONDS: Final = 1.0


@dataclass(frozen=True, slots=True)
class _Held:
    batch: pa.RecordBatch
    taken: Taken
    durable: Callable[[Taken], None]
    refused: Callable[[], None] | None


class Committer:
    """Owned by the lander's thread."""

    def __init__(self, spool: Spool, state: StateFile, ids: MessageIds, log: logging.Logger) -> None:
        self._spool, self._state, self._ids = spool, state, ids
        self._held: list[_Held] = []
        self._sequence = 0
        self._retry_at = 0.0
        self._probe = 0
        """Bytes of what was refused: when so many can be written, the disk takes data again."""
        self.trouble = Trouble(log)
        self.durable_messages = 0
        self.commits = 0
        self.seconds = 0.0

    @property
    def blocked(self) -> bool:
        """Whether the disk takes nothing: then nothing more may be taken from anyone."""
        return self.trouble.sentence is not None

    @property
    def in_flight(self) -> tuple[int, int]:
        """Messages and bytes taken and not yet durable."""
        return sum(len(h.taken) for h in self._held), sum(h.taken.size for h in self._held)

    def hold(
        self, taken: Taken, durable: Callable[[Taken], None], *, refused: Callable[[], None] | None = None
    ) -> None:
        """Take charge of messages; ``durable`` is called once they are.

        Where the disk does not take them, they are kept and tried again; with ``refused``, that is called and they are
        dropped: for those whose sender waits, and can send again.
        """
        self._held.append(_Held(taken.batch(self._ids, self._sequence), taken, durable, refused))
        self._sequence += len(taken)

    def commit(self, *, at_once: bool = False) -> bool:
        """Make durable what is held and what the lander must remember; whether nothing is left.

        After a failure the next attempt is a second later, or ``at_once``.
        """
        if not self._held and not self._state.dirty and not self.blocked:
            return True
        began = time.monotonic()
        if began < self._retry_at and not at_once:
            return False
        try:
            # First the epoch, then the messages of it: no later connection may ever get the same number.
            self._state.save()
            if self._probe:
                self._spool.probe(self._probe, now=time.time())
                self._probe = 0
            while self._held:
                held = self._held[0]
                self._spool.append(held.batch, now=time.time())
                del self._held[0]
                self.commits += 1
                self.durable_messages += len(held.taken)
                held.durable(held.taken)
        except StorageError as error:
            self._retry_at = time.monotonic() + _RETRY_SECONDS
            self._refuse()
            waiting = self.in_flight[0]
            self.trouble.begin(
                f"{error}; {waiting} messages wait unacknowledged and nothing more is taken until it can be written",
                (error.doing, error.cause.errno),
            )
            return False
        finally:
            self.seconds += time.monotonic() - began
        self.trouble.end("the disk takes data again")
        return True

    def _refuse(self) -> None:
        going = [held for held in self._held if held.refused is not None]
        self._held = [held for held in self._held if held.refused is None]
        self._probe = max([self._probe, *(held.batch.nbytes for held in going)])
        for held in going:
            assert held.refused is not None
            held.refused()
