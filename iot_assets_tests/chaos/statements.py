"""Episodes of the warehouse: a minute is refused, or killed, at each statement it makes, and run again.

The seam is the connection: what the units ask of it goes through here. Belongs here: the minute, its interruption,
judging what the next one makes of it. Does not: what the tables must hold (``world.py``).
"""

from __future__ import annotations

import multiprocessing
import os
import shutil
import signal
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb

from iot_assets.warehouse.publish import publish
from iot_assets_tests.chaos import world
from iot_assets_tests.chaos.ledger import Outcome
from iot_assets_tests.house import House, house_in, run_chain, tables_of
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from iot_assets_tests.house import Tables


class RefusedError(Exception):
    """A statement that failed."""


class Watched:
    """A connection that counts its statements; before or after one of them it does something else."""

    def __init__(
        self, connection: duckdb.DuckDBPyConnection, number: int = -1, act: Callable[[], None] | None = None
    ) -> None:
        self._connection, self._number, self._act = connection, number, act
        self.statements: list[str] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, sql: str, *more: Any) -> Any:
        self.statements.append(" ".join(sql.split()[:4]))
        before, after = 2 * len(self.statements) - 2, 2 * len(self.statements) - 1
        if self._number == before and self._act is not None:
            self._act()
        found = self._connection.execute(sql, *more)
        if self._number == after and self._act is not None:
            self._act()
        return found


@dataclass(frozen=True, slots=True)
class _Case:
    """A house with a past and news, and what a minute must make of them."""

    house: House
    template: Path
    expected: Tables
    points: int

    def again(self) -> None:
        """As before the minute."""
        paths = self.house.paths
        for file in paths.root.glob("*.duckdb*"):
            file.unlink()
        for folder in (paths.lake / "silver", paths.lake / "gold"):
            shutil.rmtree(folder, ignore_errors=True)
        for file in self.template.iterdir():
            shutil.copy(file, paths.root / file.name)


def refuse_statements(chance: Random, folder: Path) -> Iterator[Outcome]:
    """60 statements of a minute fail, before or after they have been done."""

    def fail() -> None:
        raise RefusedError

    case = _make(chance, folder)
    for point in chance.sample(range(case.points), min(60, case.points)):
        case.again()
        try:
            _minute(case.house, point, fail)
        except (RefusedError, duckdb.Error):  # the latter from clearing up, where it is a commit that fails
            yield Outcome("statement refused", _said(point, _after(case)))
        else:
            yield Outcome("statement refused", _said(point, "the error was swallowed"))


def kill_statements(chance: Random, folder: Path) -> Iterator[Outcome]:
    """The process of a minute is killed at 40 of its statements, before or after it."""
    case = _make(chance, folder)
    processes = multiprocessing.get_context("forkserver")
    processes.set_forkserver_preload([__name__])
    for point in chance.sample(range(case.points), min(40, case.points)):
        case.again()
        child = processes.Process(target=_die, args=(case.house.settings.data_dir, point))
        child.start()
        child.join()
        problem = None if child.exitcode == -signal.SIGKILL else f"it ended with {child.exitcode}"
        yield Outcome("run killed at a statement", _said(point, problem or _after(case)))


def _said(point: int, problem: str | None) -> str | None:
    where = f"{'after' if point % 2 else 'before'} statement {point // 2}"
    return problem and f"{where}: {problem}"


def _die(data: Path, point: int) -> None:
    _minute(house_in(data), point, lambda: os.kill(os.getpid(), signal.SIGKILL))


def _minute(house: House, point: int = -1, act: Callable[[], None] | None = None) -> int:
    """A minute with its publication; how many points it has to be interrupted at."""
    with house.open() as connection:
        watched: Any = Watched(connection, point, act)
        run_chain(watched, house.settings)
        publish(watched, house.paths.serving, whole_rows=1_000_000, recent_days=1)
    return 2 * len(watched.statements)


def _after(case: _Case) -> str | None:
    """What is wrong once the minute has been run again."""
    _minute(case.house)
    with case.house.open() as connection:
        if (found := tables_of(connection)) != case.expected:
            return f"not as undisturbed: {[name for name in found if found[name] != case.expected[name]]}"
        readings = connection.execute("select count(*) from silver.readings").fetchall()
    with duckdb.connect(str(case.house.paths.serving), read_only=True) as served:
        if served.execute("select count(*) from silver.readings").fetchall() != readings:
            return "what is published is not what is there"
    return None


def _make(chance: Random, folder: Path) -> _Case:
    house = house_in(folder / "data")
    house.paths.root.mkdir()
    lake = LakeBuilder(house.paths)
    sent: list[Message] = []
    past = [lake.make(_messages(chance, sent, first)) for first in range(0, 300, 100)]
    late = past.pop(1)
    for file in past:
        file.place()
    _minute(house)
    template = folder / "template"
    template.mkdir()
    for path in house.paths.root.glob("*.duckdb"):
        shutil.copy(path, template / path.name)
    late.place()
    lake.land(*_messages(chance, sent, 300))
    points = _minute(house)
    with house.open() as connection:
        problem = world.wrong(connection, world.seen(house.paths))
        assert problem is None, problem
        return _Case(house, template, tables_of(connection), points)


def _messages(chance: Random, sent: list[Message], first: int) -> list[Message]:
    """New readings, repeated ones, corrections, late ones, and what cannot be read."""
    made = []
    for second in range(first, first + chance.randint(3, 12)):
        device, value = chance.choice("ab"), chance.choice([0, 1.5, 20.25])
        offset = chance.choice([0, 0, -60, -4000, -90_000])
        body = world.payload(device, NOON.timestamp() + second // 3 * 3 + offset, value)
        match chance.randrange(8):
            case 0:
                body = b"{"
            case 1 if sent:
                body = chance.choice(sent).payload
        made.append(Message(received_at=at(second), topic=world.TOPIC, payload=body, packet_id=second % 4 + 1))
    sent += made
    return made
