"""How long a launched minute run takes: in a new process, as Dagster does by default, and in a warm Celery worker.

    python benchmarks/launcher.py        # needs `pip install 'iot-assets[celery]'` and redis-server

Both ways take turns on data folders of their own. Each repetition lands a minute of 5,000 messages (1,000 devices,
four metrics) and launches the job ``minute``; what counts is from the launcher being handed the run to the run's end,
as Dagster recorded them, and the wait in the run queue (a second at most) is not in it. Redis runs on loopback, on a
port of its own, and keeps nothing. A first run of either, which makes the first publication and warms the worker, is
left out.
"""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import sys
import time
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import dagster as dg
import yaml

sys.path.insert(0, str(Path(__file__).parent))
from fleet import Fleet

from iot_assets.bench.figures import Figures, alternate
from iot_assets.bench.script import folder, parser, run
from iot_assets.lake.paths import DataPaths

if TYPE_CHECKING:
    from collections.abc import Iterator

HERE = Path(__file__).parent
ROOT = HERE.parent
CELERY = ROOT / "deploy" / "celery"
MESSAGES, DEVICES = 5_000, 1_000
DEFAULT, WARM = "a process of its own", "a warm Celery worker"
_PATIENCE_SECONDS = 120.0


@dataclass(slots=True)
class Place:
    """A Dagster instance with its data folder."""

    home: Path
    broker: str | None
    minute: int = 0
    began: float = field(default_factory=lambda: time.time() // 60 * 60)
    fleet: Fleet = field(init=False)

    def __post_init__(self) -> None:
        self.home.mkdir()
        config = yaml.safe_load((ROOT / "dagster.yaml").read_text(encoding="utf-8"))
        del config["concurrency"]  # with a queue, a daemon would have to take runs from it
        config["run_coordinator"] = {"module": "dagster.core.run_coordinator", "class": "DefaultRunCoordinator"}
        if self.broker:
            launcher = yaml.safe_load((CELERY / "run_launcher.yaml").read_text(encoding="utf-8"))
            launcher["run_launcher"]["config"] |= {"broker": self.broker, "backend": self.broker}
            config |= launcher
        for part in ("storage", "local_artifact_storage"):
            of_part = config[part]
            of_part.get("custom", of_part)["config"]["base_dir"] = str(self.home / "storage")
        (self.home / "dagster.yaml").write_text(yaml.safe_dump(config), encoding="utf-8")
        (self.home / "data").mkdir()
        self.fleet = Fleet(DataPaths(self.home / "data"), DEVICES)

    @property
    def environment(self) -> dict[str, str]:
        """Of every process here."""
        own = {"DAGSTER_HOME": str(self.home), "IOT_DATA_DIR": str(self.home / "data"), "PYTHONWARNINGS": "ignore"}
        if self.broker:
            own |= {"CELERY_BROKER_URL": self.broker, "PYTHONPATH": str(CELERY)}
        return own

    def launch(self) -> float:
        """Land the next minute, launch a run, and wait for its end: seconds since the launcher was handed it."""
        self.fleet.land(self.began - 1_800 + 60 * self.minute, 60, MESSAGES)
        self.minute += 1
        launched = run(
            [sys.executable, "-m", "dagster", "job", "launch", "-m", "iot_assets.definitions", "-j", "minute"],
            cwd=self.home,
            environment=self.environment,
        )
        if launched.code:
            sys.exit(launched.output[-3000:])
        with dg.DagsterInstance.from_config(str(self.home)) as instance:
            deadline = time.monotonic() + _PATIENCE_SECONDS
            while not (record := instance.get_run_records(limit=1)[0]).dagster_run.is_finished:
                if time.monotonic() > deadline:
                    sys.exit(f"the run has not ended: {record.dagster_run.status}")
                time.sleep(0.1)
            if record.dagster_run.status != dg.DagsterRunStatus.SUCCESS:
                sys.exit(f"the run has ended with {record.dagster_run.status}")
            stats = instance.get_run_stats(record.dagster_run.run_id)
        assert stats.end_time is not None
        assert stats.launch_time is not None
        return float(stats.end_time - stats.launch_time)


@contextmanager
def process(command: list[str], cwd: Path, environment: dict[str, str]) -> Iterator[None]:
    """A process that is ended afterwards."""
    with (cwd / f"{Path(command[0]).name}.log").open("wb") as log:
        started = subprocess.Popen(
            command, cwd=cwd, env={**os.environ, **environment}, stdout=log, stderr=subprocess.STDOUT
        )
        try:
            yield
        finally:
            started.terminate()
            try:
                started.wait(20)
            except subprocess.TimeoutExpired:
                started.kill()
                started.wait()


def redis(stack: ExitStack, cwd: Path) -> str:
    """A Redis of our own; its address."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    program = shutil.which("redis-server")
    if program is None:
        sys.exit("redis-server is missing: apt install redis-server")
    settings = ["--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]
    stack.enter_context(process([program, *settings], cwd, {}))
    for _ in range(100):
        with socket.socket() as there:
            if there.connect_ex(("127.0.0.1", port)) == 0:
                return f"redis://127.0.0.1:{port}/0"
        time.sleep(0.05)
    sys.exit("redis-server does not answer")


def main() -> None:
    """Measure and report."""
    given = parser(__doc__, HERE).parse_args()
    with folder(given.work) as work, ExitStack() as stack:
        broker = redis(stack, work)
        places = {DEFAULT: Place(work / "default", None), WARM: Place(work / "celery", broker)}
        warm = places[WARM]
        worker = [str(Path(sys.executable).with_name("celery")), "-A", "dagster_celery.app", "worker"]
        stack.enter_context(process([*worker, "-Q", "dagster", "-c", "1"], warm.home, warm.environment))
        for place in places.values():
            place.launch()
        figures = Figures("launcher", messages=MESSAGES, devices=DEVICES)
        found = alternate({name: place.launch for name, place in places.items()}, given.repetitions)
        figures.add(DEFAULT, "s", found[DEFAULT])
        figures.add(WARM, "s", found[WARM], against=[DEFAULT])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
