"""One part, running: started in a group of its own, watched, started again when it dies, and ended with all it started.

Belongs here: the life of one process. Does not: the order among several (``supervisor.py``).
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from enum import Enum, auto
from signal import SIGKILL, SIGTERM
from typing import TYPE_CHECKING, Final

from iot_assets.errors import StartError
from iot_assets.ops.groups import group_alive, signal_group, wait_group
from iot_assets.ops.logs import Log

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from iot_assets.ops.parts import Part

#: A part that dies so many times without ever having been up is given up, and everything with it.
ATTEMPTS: Final = 3
_LONGEST_PAUSE_SECONDS: Final = 60.0
#: After so long in good health earlier deaths are forgotten.
_HEALTHY_SECONDS: Final = 60.0
#: What a part's own processes get to end after it has ended.
_STRAGGLERS_SECONDS: Final = 5.0


class State(Enum):
    """Where a child is in its life."""

    STARTING = auto()
    UP = auto()
    PAUSING = auto()
    DONE = auto()


class Child:
    """One part and its process."""

    def __init__(self, part: Part, logs: Path, say: Callable[[str], None]) -> None:
        self.part, self.state = part, State.STARTING
        self.missing: str | None = "its process"
        self.log = Log(logs, part.name)
        self._say = say
        self._process: subprocess.Popen[bytes] | None = None
        self._deaths = 0
        self._ever_up = False
        self._since = self._again_at = time.monotonic()
        self.log.begin()

    @property
    def pid(self) -> int | None:
        """The process id while there is a process; it is the group's id too."""
        return self._process.pid if self._process is not None else None

    def start(self) -> None:
        """Start the process."""
        self.state, self._since = State.STARTING, time.monotonic()
        descriptor = self.log.open()
        try:
            self._process = subprocess.Popen(
                [sys.executable, "-m", "iot_assets.ops.leash", str(os.getpid()), *self.part.command],
                env=dict(self.part.environment),
                stdin=subprocess.DEVNULL,
                stdout=descriptor,
                stderr=descriptor,
                # The terminal's Ctrl-C reaches the supervisor alone, which then ends the parts in their order.
                start_new_session=True,
            )
        finally:
            os.close(descriptor)

    def waited(self) -> float:
        """Seconds since the process was started."""
        return time.monotonic() - self._since

    def watch(self) -> None:
        """Look after it once: is it up now, has it died, is it time to start it again?

        Raises:
            StartError: it died again and again without ever having been up.
        """
        match self.state:
            case State.DONE:
                return
            case State.PAUSING:
                if time.monotonic() >= self._again_at:
                    self.start()
                return
        assert self._process is not None
        if (code := self._process.poll()) is not None:
            self._ended(code)
        elif self.state is State.STARTING:
            if not self.part.once and (missing := self.part.waiting_for(self._process.pid)) is None:
                self._up(State.UP)
            elif not self.part.once:
                self.missing = missing
        elif self._deaths and self.waited() > _HEALTHY_SECONDS:
            self._deaths = 0

    def ask_to_end(self) -> None:
        """Ask kindly; ``alive`` tells what came of it."""
        if self._process is not None and self.alive():
            self._process.send_signal(SIGTERM)

    def alive(self) -> bool:
        """Whether the process itself still runs (what it started may outlive it)."""
        return self._process is not None and self._process.poll() is None

    def clear_group(self, *, hard: bool) -> bool:
        """End whatever the process started and left behind; whether there was any need for force."""
        if self._process is None:
            return False
        group = self._process.pid
        forced = hard
        if not hard and group_alive(group):
            signal_group(group, SIGTERM)
            forced = not wait_group(group, _STRAGGLERS_SECONDS)
        if forced:
            signal_group(group, SIGKILL)
            wait_group(group, _STRAGGLERS_SECONDS)
        self._process.wait()
        self._process = None
        return forced

    def _up(self, state: State) -> None:
        self.state, self.missing, self._ever_up, self._since = state, None, True, time.monotonic()
        self._say(self.part.once_up)

    def _ended(self, code: int) -> None:
        if self.part.once and code == 0:
            self.clear_group(hard=False)
            self._up(State.DONE)
            return
        how = f"was killed by signal {-code}" if code < 0 else f"ended with exit code {code}"
        words = self.log.tail()
        self.clear_group(hard=False)
        self._deaths += 1
        if not self._ever_up and self._deaths >= ATTEMPTS:
            raise StartError(self.part.name, how, self.log.path, words)
        pause = min(_LONGEST_PAUSE_SECONDS, 2.0 ** (self._deaths - 1))
        quoted = "".join(f"\n    | {line}" for line in words)
        self._say(f"{self.part.name} {how}; its last words:{quoted}\n  it is started again in {pause:.0f} s")
        self.state, self._again_at = State.PAUSING, time.monotonic() + pause
        self.missing = "its next start"
