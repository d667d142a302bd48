"""What the tests of landing share: a lander in a thread or a process, what has landed, and waiting for things.

Belongs here: starting and looking. Does not: expectations.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
import time
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Final, Self

import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths, list_landed
from iot_assets.landing.lander import LanderReport, run_lander
from iot_assets.landing.status import LanderStatus, read_status
from iot_assets.landing.taken import Taken
from iot_assets.settings import Lander, Mqtt, Settings

if TYPE_CHECKING:
    import logging
    from collections.abc import Callable, Iterable, Mapping
    from pathlib import Path
    from types import TracebackType

PATIENCE: Final = 60.0
"""Seconds until a wait is given up: never a measure of speed, only the end of a test that hangs."""


def wait_for(condition: Callable[[], Any], what: str) -> Any:
    """Ask until the answer is true."""
    deadline = time.monotonic() + PATIENCE
    while not (answer := condition()):
        assert time.monotonic() < deadline, f"waited in vain for {what}"
        time.sleep(0.02)
    return answer


def settings_for(data: Path, port: int | None, /, **sections: Any) -> Settings:
    """Settings of a lander that seals each second and comes back fast."""
    mqtt: dict[str, Any] = {"port": port, "topics": "t/#", "reconnect_max_seconds": 1} if port else {"enabled": False}
    return Settings(
        data_dir=data,
        mqtt=Mqtt(**{**mqtt, **sections.pop("mqtt", {})}),
        lander=Lander(**{"seal_seconds": 1, **sections.pop("lander", {})}),
        **sections,
    )


def landed_rows(data: Path) -> list[dict[str, Any]]:
    """All landed messages, in the order of their ids."""
    paths = DataPaths(data)
    files = [paths.lake / file.path for file in list_landed(paths)]
    if not files:
        return []
    table = pa.concat_tables([pq.ParquetFile(file).read() for file in files])
    return sorted(table.to_pylist(), key=lambda row: str(row["message_id"]))


def landed_payloads(data: Path) -> list[bytes]:
    return [row["payload"] for row in landed_rows(data)]


def status_of(settings: Settings) -> LanderStatus | None:
    return read_status(DataPaths(settings.data_dir), settings.lander.name)


def numbered(count: int, first: int = 0) -> list[tuple[str, bytes]]:
    """Messages that can be told apart."""
    return [(f"t/{n % 5}", b"%d" % n) for n in range(first, first + count)]


def taken(payloads: Iterable[bytes], received_us: int = 1_763_000_000_000_000) -> Taken:
    made = Taken("mqtt:test", 1)
    for n, payload in enumerate(payloads):
        made.add(f"t/{n % 3}", payload, received_us=received_us + n, qos=1, packet_id=n % 65535 + 1)
    return made


def contents(found: Taken) -> list[tuple[str, bytes]]:
    """Topic and payload of each message taken."""
    rows = found.batch(MessageIds("lander", 1_763_000_000_000), 0)
    return list(zip(rows["topic"].to_pylist(), rows["payload"].to_pylist(), strict=True))


def batch(payloads: Iterable[bytes], first: int = 0, start_ms: int = 1_763_000_000_000) -> pa.RecordBatch:
    return taken(payloads).batch(MessageIds("lander", start_ms), first)


class Running:
    """A lander in a thread of this process."""

    def __init__(self, settings: Settings, **how: Any) -> None:
        self.settings, self._how = settings, how
        self._stop = threading.Event()
        self._began = datetime.now(UTC)
        self._thread = threading.Thread(target=self._run, name="lander-under-test")
        self.report: LanderReport | None = None
        self.error: BaseException | None = None

    def _run(self) -> None:
        try:
            self.report = run_lander(self.settings, stop=self._stop, **self._how)
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self.error = error

    def __enter__(self) -> Self:
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.finish()

    @property
    def status(self) -> LanderStatus | None:
        """Its last status; what an earlier lander has left does not count."""
        status = status_of(self.settings)
        return status if status is not None and status.started_at >= self._began else None

    def connected(self) -> LanderStatus:
        found = wait_for(lambda: (s := self.status) is not None and s.connected and s, "a connection")
        assert isinstance(found, LanderStatus)
        return found

    def finish(self) -> LanderReport | None:
        self._stop.set()
        self._thread.join(PATIENCE)
        assert not self._thread.is_alive(), "the lander does not stop"
        if self.error is not None:
            raise self.error
        return self.report


class Process:
    """``iot-assets land`` as a process of its own; what a failed test leaves running is killed after it."""

    running: ClassVar[list[Process]] = []

    def __init__(self, settings: Settings, *arguments: str, environ: Mapping[str, str] | None = None) -> None:
        self.settings = settings
        tree = settings.model_dump(mode="json", exclude_defaults=True)
        variables = {f"IOT_{key}".upper(): value for key, value in _flat(tree)}
        settings.data_dir.mkdir(parents=True, exist_ok=True)
        # Its log goes through a pipe: a test may let it write to no file at all.
        self._process = subprocess.Popen(
            [sys.executable, "-c", "from iot_assets.cli.main import main; main()", "land", *arguments],
            env={**os.environ, **variables, **(environ or {})},
            cwd=settings.data_dir.parent,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        )
        self._lines: list[bytes] = []
        assert self._process.stdout is not None
        self._listener = threading.Thread(target=self._lines.extend, args=(self._process.stdout,), daemon=True)
        self._listener.start()
        self.running.append(self)

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def log(self) -> str:
        return b"".join(self._lines).decode()

    def connected(self) -> None:
        def answer() -> bool:
            assert self._process.poll() is None, self.log
            status = status_of(self.settings)
            return status is not None and status.pid == self.pid and status.connected

        wait_for(answer, "a connection")

    def end(self, how: signal.Signals = signal.SIGTERM) -> int:
        self._process.send_signal(how)
        return self.wait()

    def wait(self) -> int:
        try:
            return self._process.wait(PATIENCE)
        finally:
            self.discard()

    def discard(self) -> None:
        """Make sure that nothing of it is left."""
        if self in self.running:
            self.running.remove(self)
            self._process.kill()
            self._process.wait()
            self._listener.join()
            assert self._process.stdout is not None
            self._process.stdout.close()


def _flat(tree: dict[str, Any], above: str = "") -> Iterable[tuple[str, str]]:
    for key, value in tree.items():
        if isinstance(value, dict):
            yield from _flat(value, f"{above}{key}__")
        elif key == "topics":
            yield above + key, ",".join(value)
        else:
            yield above + key, value if isinstance(value, str) else json.dumps(value)


def said(caplog_records: list[logging.LogRecord], text: str) -> list[str]:
    """What was logged that holds a text."""
    return [message for record in caplog_records if text in (message := record.getMessage())]
