"""A platform in a folder of its own, for one test: its settings, the processes started in it, what they left behind.

Belongs here: starting, killing and looking, each with a deadline. Does not: expectations.
Every process started here carries a mark in its environment, so that nothing of a test can outlive it unseen.
"""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import subprocess
import sys
import threading
import time
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq
import pytest

from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.status import LanderStatus, read_status

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

REPOSITORY: Final = Path(__file__).parents[2]
PATIENCE: Final = 120.0
"""Seconds until a wait is given up: never a measure of speed, only the end of a test that hangs."""
_MARK: Final = "STORY_MARK"
#: Started in the background by a shell, a process ignores SIGINT, and Dagster then ignores SIGTERM: undo it first.
_AWAKE: Final = (
    "import os, signal, sys; [signal.signal(n, signal.SIG_DFL) for n in (signal.SIGINT, signal.SIGTERM)];"
    " os.execvp(sys.argv[1], sys.argv[1:])"
)


def wait_for(condition: Callable[[], Any], what: str, *, patience: float = PATIENCE, pause: float = 0.05) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + patience
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited {patience:.0f} s in vain for {what}"
        time.sleep(pause)
    return answer


def wants_the_long_form() -> bool:
    """Whether the one who runs the tests has asked for the long forms."""
    return os.environ.get("STORY_LONG", "") not in ("", "0")


def seeded(story: str) -> random.Random:
    """Chance, but such that it can be had again: the seed is printed, and ``STORY_SEED`` sets it."""
    seed = int(os.environ.get("STORY_SEED") or random.SystemRandom().randrange(1_000_000))
    print(f"{story}: STORY_SEED={seed}")
    return random.Random(seed)


class Started:
    """One process in a group of its own; all it says goes to a file."""

    def __init__(self, name: str, command: list[str], *, cwd: Path, env: Mapping[str, str], log: Path) -> None:
        self.name, self.log_file = name, log
        with log.open("wb") as out:
            self._process = subprocess.Popen(
                [sys.executable, "-c", _AWAKE, *command],
                cwd=cwd,
                env=dict(env),
                stdin=subprocess.DEVNULL,
                stdout=out,
                stderr=out,
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return self.log_file.read_text(errors="replace")

    @property
    def running(self) -> bool:
        return self._process.poll() is None

    def must_run(self) -> None:
        assert self.running, f"{self.name} ended by itself with {self._process.returncode}:\n{self.log[-4000:]}"

    def kill(self) -> None:
        """``kill -9``, and surely while it was running."""
        self.must_run()
        self._process.send_signal(signal.SIGKILL)
        assert self._process.wait(PATIENCE) == -signal.SIGKILL, f"{self.name} was faster than its murderer"

    def end(self) -> None:
        """SIGTERM, and a good end."""
        self.must_run()
        self._process.send_signal(signal.SIGTERM)
        self.succeed()

    def wait(self, patience: float = PATIENCE) -> int:
        return self._process.wait(patience)

    def succeed(self, patience: float = PATIENCE) -> None:
        try:
            code = self.wait(patience)
        except subprocess.TimeoutExpired:
            pytest.fail(f"{self.name} does not end:\n{self.log[-4000:]}")
        assert code == 0, f"{self.name} ended with {code}:\n{self.log[-4000:]}"

    def wipe_out(self) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGKILL)
        self._process.wait(PATIENCE)


class House:
    """The platform's folder: Dagster's instance settings, ``data/``, and the settings as environment variables."""

    def __init__(self, folder: Path, settings: Mapping[str, str]) -> None:
        self.folder, self.paths = folder, DataPaths(folder / "data")
        folder.mkdir(parents=True)
        for name in ("dagster.yaml", "workspace.yaml"):
            shutil.copy(REPOSITORY / name, folder / name)
        self.mark = uuid.uuid4().hex
        inherited = {k: v for k, v in os.environ.items() if not k.startswith(("IOT_", "DAGSTER_"))}
        self.environment = {**inherited, "IOT_DATA_DIR": str(self.paths.root), _MARK: self.mark, **settings}
        # The console scripts beside this Python, whatever the caller's PATH says.
        self.environment["PATH"] = f"{Path(sys.executable).parent}{os.pathsep}{inherited.get('PATH', '')}"
        self.started: list[Started] = []
        self._starting = threading.Lock()

    # Processes

    def start(self, *command: str, **variables: str) -> Started:
        with self._starting:
            number = len(self.started)
            started = Started(
                " ".join(command[:3]),
                list(command),
                cwd=self.folder,
                env={**self.environment, **variables},
                log=self.folder / f"{number:03d}-{Path(command[0]).name}-{Path(command[1]).name}.log",
            )
            self.started.append(started)
        return started

    def run(self, *command: str, patience: float = PATIENCE) -> str:
        """Run to a good end; what it said."""
        process = self.start(*command)
        process.succeed(patience)
        return process.log

    def lander(self, *arguments: str) -> Started:
        """A lander that has subscribed."""
        process = self.start("iot-assets", "land", *arguments)

        def answer() -> bool:
            process.must_run()
            status = self.lander_status()
            return status is not None and status.pid == process.pid and status.connected

        wait_for(answer, "the lander's connection")
        return process

    def lander_status(self) -> LanderStatus | None:
        return read_status(self.paths, "lander")

    def materialization(self, **variables: str) -> Started:
        command = ("dagster", "asset", "materialize", "--select", "*", "-m", "iot_assets.definitions")
        return self.start(*command, **variables)

    def materialize(self) -> None:
        self.materialization().succeed()

    def survivors(self) -> list[int]:
        """Processes of this test that still run, whoever started them."""
        wanted = f"{_MARK}={self.mark}".encode()
        found = []
        for entry in Path("/proc").iterdir() if Path("/proc/self/environ").exists() else ():
            with contextlib.suppress(OSError, ValueError):
                if wanted in (entry / "environ").read_bytes() and " Z " not in (entry / "stat").read_text():
                    found.append(int(entry.name))
        return found

    def close(self) -> None:
        for process in self.started:
            process.wipe_out()
        for pid in self.survivors():
            with contextlib.suppress(ProcessLookupError):
                os.kill(pid, signal.SIGKILL)

    # What they left behind

    def lake(self) -> pa.Table:
        """All that has landed."""
        files = [self.paths.lake / file.path for file in list_landed(self.paths)]
        tables = [pq.ParquetFile(file).read() for file in files]
        return pa.concat_tables(tables) if tables else pa.table({"payload": pa.array([], pa.binary())})

    def landed(self, source: str = "mqtt") -> Counter[bytes]:
        """How often each payload has landed."""
        table = self.lake()
        if not table.num_rows:
            return Counter()
        return Counter(
            payload
            for payload, its in zip(table["payload"].to_pylist(), table["source"].to_pylist(), strict=True)
            if its.startswith(source)
        )

    def serving(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the published copy."""
        with duckdb.connect(str(self.paths.serving), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()

    def warehouse(self, sql: str) -> list[tuple[Any, ...]]:
        """Ask the warehouse itself; for when nothing runs."""
        with duckdb.connect(str(self.paths.warehouse), read_only=True) as connection:
            connection.execute("set TimeZone = 'UTC'")
            return connection.execute(sql).fetchall()
