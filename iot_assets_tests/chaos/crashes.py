"""Episodes of the disk: the lander dies or the power fails after any call, and any call may be refused.

Belongs here: courses of events, crashing and refusing them, judging what recovery makes of it. Does not: the disk, the
lander's parts.
"""

from __future__ import annotations

import errno
import logging
import shutil
from collections import Counter
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Final

from iot_assets_tests.chaos.crashed import LOSSES, Loss, crashed
from iot_assets_tests.chaos.disk import Disk, KilledError, Refusal
from iot_assets_tests.chaos.landing import Landed, Landing
from iot_assets_tests.chaos.ledger import Outcome

if TYPE_CHECKING:
    from pathlib import Path
    from random import Random

#: Taken and landed after each crash, so that ids and epochs of before and after meet.
_AFTER: Final = b"after"
_ERRORS: Final = (errno.ENOSPC, errno.EIO, errno.EROFS, errno.EDQUOT)


@dataclass
class Course:
    """What happened to a lander, and what it has promised to whom by when."""

    disk: Disk
    acknowledged: list[tuple[int, bytes]] = field(default_factory=list)
    """How many calls the disk had seen when this message was acknowledged."""
    taken: Counter[bytes] = field(default_factory=Counter)
    errors: list[str] = field(default_factory=list)
    """What the lander logged as an error."""

    def promised(self, calls: int) -> set[bytes]:
        """What was acknowledged before so many calls had been made."""
        return {payload for at, payload in self.acknowledged if at <= calls}


def run_course(chance: Random, data: Path, refusal: Refusal | None = None, deaths: Collection[int] = ()) -> Course:
    """Messages come, segments are sealed, the lander ends or is killed and starts again; in the end all is sealed."""
    data.mkdir()
    course = Course(Disk(data, refusal, deaths))
    with course.disk:
        lander = _Life(course, data)
        for _ in range(chance.randint(3, 8)):
            what = chance.choice(["take", "take", "take", "large", "seal", "die", "end"])
            most = 9_000 if what == "large" else 40
            payloads = [chance.randbytes(chance.randrange(most)).hex() for _ in range(chance.randint(1, 4))]
            lander.live(what, payloads)
        lander.live("end", [])
        course.disk.die()
    return course


class _Life:
    """A lander that comes back whenever it has ended, and a broker that sends again what it does not acknowledge."""

    def __init__(self, course: Course, data: Path) -> None:
        self._course, self._data = course, data
        self._waiting: list[bytes] = []
        self._count = 0
        self._landing: Landing | None = None

    def live(self, what: str, payloads: list[str]) -> None:
        new: list[bytes] = []
        if what in {"take", "large"}:
            new = [b"%d " % (self._count + n) + payload.encode() for n, payload in enumerate(payloads)]
            self._count += len(new)
            self._waiting += new
        while True:
            try:
                if self._landing is None:
                    self._start()
                elif new:
                    self._take(self._landing, new)
                self._do(what)
            except KilledError:
                self._end()
            else:
                return

    def _do(self, what: str) -> None:
        assert self._landing is not None
        match what:
            case "die":
                self._end()
            case "end":
                self._landing.end()
                self._end()
            case _:
                self._landing.turn(seal=what == "seal")

    def _start(self) -> None:
        self._landing = Landing(self._data)
        self._landing.connect()
        if self._waiting:
            self._take(self._landing, self._waiting)

    def _end(self) -> None:
        if self._landing is not None:
            self._course.errors += self._landing.heard.said("", logging.ERROR)
        self._landing = None
        self._course.disk.die()

    def _take(self, landing: Landing, payloads: list[bytes]) -> None:
        self._course.taken.update(payloads)
        landing.take(list(payloads), self._acknowledge)

    def _acknowledge(self, payloads: list[bytes]) -> None:
        self._course.acknowledged += [(len(self._course.disk.done), payload) for payload in payloads]
        for payload in payloads:
            self._waiting.remove(payload)


def crash_everywhere(chance: Random, folder: Path) -> Iterator[Outcome]:
    """A crash after each call of a course, with each way of losing what was not promised."""
    course = run_course(chance, folder / "data")
    yield Outcome("nothing", _judge(folder / "data", course, len(course.disk.done)) or "; ".join(course.errors) or None)
    for calls in range(len(course.disk.done) + 1):
        for loss in LOSSES:
            yield Outcome(f"crash: {loss}", _crash(course, calls, loss, chance, folder / "crashed"))


def crash_twice(chance: Random, folder: Path) -> Iterator[Outcome]:
    """The lander dies before each call of a course, goes on after, and some time later it crashes."""
    seed = chance.random()
    calls = run_course(type(chance)(seed), folder / "data").disk.calls
    for death in range(calls):
        shutil.rmtree(folder / "data")
        deaths = {death, death + chance.randint(1, 40)} if chance.random() < 0.3 else {death}
        course = run_course(type(chance)(seed), folder / "data", deaths=deaths)
        problem = _judge(folder / "data", course, len(course.disk.done)) or "; ".join(course.errors) or None
        yield Outcome("killed before a call", problem and f"killed before {deaths}: {problem}")
        for loss in LOSSES[1:]:
            at = chance.randint(0, len(course.disk.done))
            problem = _crash(course, at, loss, chance, folder / "crashed")
            yield Outcome(f"killed, then crash: {loss}", problem and f"killed before {deaths}; {problem}")


def refuse_everywhere(chance: Random, folder: Path) -> Iterator[Outcome]:
    """Each call of a course is refused once, it alone or the beginning of a longer trouble; then come some crashes."""
    seed = chance.random()
    calls = run_course(type(chance)(seed), folder / "data").disk.calls
    for first in range(calls):
        shutil.rmtree(folder / "data")
        error = chance.choice(_ERRORS)
        lasts = chance.choice([1, 1, 2, 5, 30])
        name = f"refused: {errno.errorcode[error]}"
        try:
            course = run_course(type(chance)(seed), folder / "data", Refusal(first, lasts, error))
        except AssertionError as problem:
            yield Outcome(name, f"call {first}, {lasts} refused: {problem}")
            continue
        problem_ = _judge(folder / "data", course, len(course.disk.done))
        yield Outcome(name, problem_ and f"call {first}, {lasts} refused: {problem_}")
        for loss in chance.sample(LOSSES, 2):
            at = chance.randint(0, len(course.disk.done))
            problem_ = _crash(course, at, loss, chance, folder / "crashed")
            yield Outcome(f"refused, then crash: {loss}", problem_ and f"call {first}, {lasts} refused; {problem_}")


def _crash(course: Course, calls: int, loss: Loss, chance: Random, folder: Path) -> str | None:
    crashed(course.disk.done[:calls], loss, chance).write(folder)
    try:
        landing = Landing(folder)
        before = landing.state.now.session
        landing.connect()
        landing.take([_AFTER], lambda _: None)
        landing.end()
        if errors := landing.heard.said("", logging.ERROR):
            return f"crash after {calls} calls: {errors}"
        if problem := _judge(folder, course, calls, session=before):
            last = course.disk.done[calls - 1].call if calls else "nothing"
            return f"crash after {calls} calls, the last {last!r}: {problem}"
        return None
    finally:
        shutil.rmtree(folder)


def _judge(data: Path, course: Course, calls: int, *, session: int | None = None) -> str | None:
    """What is wrong in a lake that has been recovered; None where all is as promised."""
    landed = Landed(data)
    promised = course.promised(calls)
    lost = promised - landed.payloads.keys()
    foreign = landed.payloads.keys() - course.taken.keys() - {_AFTER}
    doubled = [p for p, n in landed.payloads.items() if n > max(course.taken[p], p == _AFTER)]
    ids = [i for i, n in landed.ids.items() if n > 1]
    last = max((row["session"] for row in landed.rows if row["payload"] != _AFTER), default=0)
    wrong = {
        f"{len(lost)} of {len(promised)} acknowledged messages are lost: {_show(lost)}": lost,
        f"landed what nobody sent: {_show(foreign)}": foreign,
        f"landed more often than taken: {_show(doubled)}": doubled,
        f"message ids are not unique: {ids[:3]}": ids,
        f"segments are left behind: {landed.left}": landed.left,
        f"an epoch is used twice: {session} is remembered, {last} was": session is not None and last > session,
    }
    return next((sentence for sentence, found in wrong.items() if found), None)


def _show(payloads: Iterable[bytes]) -> str:
    return ", ".join(repr(payload[:20]) for payload in sorted(payloads)[:3])
