"""Runs the parts of the platform together: starts them in order, looks after them, and ends them in order.

Belongs here: order, patience, signals. Does not: the life of one process (``child.py``), which parts there are and
what they are for (``cli/up.py``).
"""

from __future__ import annotations

import signal
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iot_assets.ops.child import Child, State

if TYPE_CHECKING:
    from types import FrameType

    from iot_assets.ops.narrator import Narrator
    from iot_assets.ops.parts import Part

_STEP_SECONDS: Final = 0.2
_WATCH_SECONDS: Final = 2.0
_LOGS_SECONDS: Final = 30.0
_SIGNALS: Final = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)

Watch = Callable[[], str | None]


class Supervisor:
    """One start of the platform, from the first process to the last."""

    def __init__(
        self, parts: Sequence[Part], *, logs: Path, narrator: Narrator, when_up: str, watches: Sequence[Watch] = ()
    ) -> None:
        self._parts, self._logs, self._narrator = list(parts), logs, narrator
        self._when_up, self._watches = when_up, watches
        self._children: list[Child] = []
        self._signals = self._patient = 0
        self._told_up = False
        self._slow: set[str] = set()
        self._watched_at = self._turned_at = 0.0

    def run(self) -> bool:
        """Run until a signal says stop; whether every part then ended by itself.

        Raises:
            StartError: a part does not start; everything else was ended.
        """
        with self._listening():
            try:
                while not self._signals:
                    self._step()
                    time.sleep(_STEP_SECONDS)
            finally:
                try:
                    gentle = self._stop()
                finally:
                    for child in self._children:  # nothing is left of those that were not ended, whatever went wrong
                        child.clear_group(hard=True)
        return gentle

    def _step(self) -> None:
        for child in self._children:
            child.watch()
            self._tell_slow(child)
        self._start_next()
        self._turn_logs()
        missing = [child for child in self._children if child.missing is not None]
        awaited = [child for child in missing if child.part.name not in self._slow]
        if not self._told_up and len(self._children) == len(self._parts) and not awaited:
            self._told_up = True
            self._narrator.say(f"\n{'The rest' if missing else 'All of it'} is up. {self._when_up}")
        if self._told_up:
            self._look_around()
        self._narrator.awaiting("; ".join(f"{child.part.name}: waiting for {child.missing}" for child in awaited))

    def _tell_slow(self, child: Child) -> None:
        """Say once, in full, what a part that is slow to come up is waiting for: it may wait for ever."""
        if (
            child.state is State.STARTING
            and child.part.name not in self._slow
            and child.waited() > child.part.patience_seconds
        ):
            self._slow.add(child.part.name)
            self._narrator.say(f"{child.part.name:<10} runs, and still waits for {child.missing} (it is watched on)")

    def _start_next(self) -> None:
        """Start the next part once the one before is up, or has been waited for long enough."""
        if len(self._children) == len(self._parts) or self._held_up():
            return
        child = Child(self._parts[len(self._children)], self._logs, self._narrator.say)
        self._children.append(child)
        child.start()

    def _held_up(self) -> bool:
        if not self._children or (last := self._children[-1]).state in (State.UP, State.DONE):
            return False
        return last.part.once or last.part.name not in self._slow

    def _look_around(self) -> None:
        if time.monotonic() - self._watched_at < _WATCH_SECONDS:
            return
        self._watched_at = time.monotonic()
        for watch in self._watches:
            if line := watch():
                self._narrator.say(line)

    def _turn_logs(self) -> None:
        if time.monotonic() - self._turned_at > _LOGS_SECONDS:
            self._turned_at = time.monotonic()
            for child in self._children:
                child.log.turn_over()

    def _stop(self) -> bool:
        """End every part, in the order of their ranks; a second signal ends them all at once."""
        self._patient = self._signals
        running = [child for child in self._children if child.pid is not None]
        if running:
            self._narrator.say("stopping (Ctrl-C once more kills what remains)")
        gentle = True
        for child in sorted(running, key=lambda c: c.part.stop_rank):
            self._wait(f"{child.part.name}: finishing its work", child.part.settle_seconds, child.part.busy)
            child.ask_to_end()
            self._wait(f"{child.part.name}: waiting for its end", child.part.stop_seconds, child.alive)
            forced = child.clear_group(hard=child.alive())
            gentle = gentle and not forced
            self._narrator.say(f"{child.part.name:<10} {'had to be killed' if forced else 'stopped'}")
        return gentle

    def _wait(self, what: str, seconds: float, going_on: Callable[[], bool]) -> None:
        deadline = time.monotonic() + seconds
        while self._signals <= self._patient and time.monotonic() < deadline and going_on():
            self._narrator.awaiting(what)
            time.sleep(_STEP_SECONDS / 2)

    @contextmanager
    def _listening(self) -> Iterator[None]:
        """Count signals instead of dying of them."""

        def count(number: int, frame: FrameType | None) -> None:
            del number, frame
            self._signals += 1

        before = {number: signal.signal(number, count) for number in _SIGNALS}
        try:
            yield
        finally:
            for number, handler in before.items():
                signal.signal(number, handler)
