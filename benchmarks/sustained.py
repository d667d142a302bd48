"""Everything at once on one machine: publisher, broker, lander and minute runs, for minutes on end.

    python benchmarks/sustained.py --minutes 5 --per-second 20000

Messages of six metrics at QoS 1 go to a Mosquitto of its own; ``iot-assets land`` takes them; a run of the minute job
begins each full minute, as soon as what came before it is sealed and the run before has ended. Told for each minute of
event time: how long after its end gold held all of it; and for both halves of the time: how many messages were
published and not yet taken. In the end what was published, landed and counted in gold must be the same.
"""

from __future__ import annotations

import signal
import sys
import threading
import time
from collections.abc import Mapping
from pathlib import Path

import duckdb

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from lander import BROKER  # noqa: E402
from mqtt_load import Readings  # noqa: E402

from iot_assets.bench import minute  # noqa: E402
from iot_assets.bench.figures import Figures  # noqa: E402
from iot_assets.bench.script import folder, parser  # noqa: E402
from iot_assets.lake.paths import DataPaths, list_landed  # noqa: E402
from iot_assets.landing.status import read_status  # noqa: E402
from iot_assets.ops.dagster_home import VARIABLE  # noqa: E402
from iot_assets_tests.brokers import Mosquitto  # noqa: E402
from iot_assets_tests.landing.harness import Process, settings_for  # noqa: E402
from iot_assets_tests.story.publisher import Publisher  # noqa: E402

_METRICS = 6
_UP_TO_GOLD = ("lake", "bronze", "silver", "gold")
"""The steps of a run, which follow one another; those behind, such as publication, add nothing to gold."""
_PATIENCE_SECONDS = 300
"""After the last message, until gold is given up."""
_READINGS = "select epoch(bucket_at)::bigint // 60, sum(n)::bigint from gold.readings_1min group by all"


class Backlog:
    """Looks twice a second at how many messages are published and not yet taken by the lander."""

    def __init__(self, publisher: Publisher, paths: DataPaths) -> None:
        self._publisher, self._paths = publisher, paths
        self._stop = threading.Event()
        self.waiting: list[int] = []
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self._stop.wait(0.5):
            published = self._publisher.acknowledged
            status = read_status(self._paths, "lander")
            self.waiting.append(max(published - (status.received_messages if status else 0), 0))

    def close(self) -> None:
        self._stop.set()
        self._thread.join()


class Runs:
    """Minute runs one after the other, in a thread; after each, the minutes that gold holds completely."""

    def __init__(self, here: Path, paths: DataPaths) -> None:
        self._here, self._paths = here, paths
        self.stop = threading.Event()
        self.seconds: list[float] = []
        self.steps: list[Mapping[str, float]] = []
        self.gold: list[tuple[float, dict[int, int]]] = []
        """When a run's gold was written, and readings by minute."""
        self._seen: set[str] = set()
        self._began = 0.0
        """The full minute from which on there may be another run."""
        (here / "dagster").mkdir()
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        while not self.stop.is_set():
            landed = {file.path for file in list_landed(self._paths)}
            # As by the schedule, which does not begin runs within a minute, though long segments are sealed in it.
            full = time.time() // 60 * 60
            if not any(
                (self._paths.lake / path).stat().st_mtime >= max(full, self._began) for path in landed - self._seen
            ):
                time.sleep(0.2)
                continue
            self._began = full + 60
            environment = {VARIABLE: str(self._here / "dagster"), "IOT_DATA_DIR": str(self._paths.root)}
            run = minute.launch(self._here, environment)
            self._seen |= landed
            ended = time.time()
            self.seconds.append(run.process.seconds)
            self.steps.append(run.steps)
            behind = sum(seconds for step, seconds in run.steps.items() if step not in _UP_TO_GOLD)
            with duckdb.connect(str(self._paths.warehouse), read_only=True) as warehouse:
                self.gold.append((ended - behind, dict(warehouse.execute(_READINGS).fetchall())))

    def wait(self, readings: int) -> None:
        """Until gold holds so many readings, or for so long that it is given up."""
        until = time.monotonic() + _PATIENCE_SECONDS
        while not (self.gold and sum(self.gold[-1][1].values()) >= readings) and time.monotonic() < until:
            if not self._thread.is_alive():
                sys.exit("a run failed")
            time.sleep(0.5)
        self.stop.set()
        self._thread.join()


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE, repetitions=1)
    asked.add_argument("--minutes", type=float, default=5)
    asked.add_argument("--per-second", type=int, default=20_000)
    given = asked.parse_args()
    count = int(given.minutes * 60 * given.per_second)
    figures = Figures("sustained", minutes=given.minutes, per_second=given.per_second, metrics=_METRICS)
    with folder(given.work) as here:
        paths = DataPaths(here / "data")
        broker = Mosquitto(here / "broker", BROKER, log="error")
        broker.start()
        lander = Process(
            settings_for(here / "data", broker.port, mqtt={"topics": "telemetry/#"}, lander={"seal_seconds": 60})
        )
        try:
            lander.connected()
            messages = Readings(count, metrics=_METRICS)
            began = time.monotonic()
            with Publisher(broker.port, messages, per_second=given.per_second, window=20_000) as publisher:
                runs, backlog = Runs(here, paths), Backlog(publisher, paths)
                while publisher.acknowledged < count and publisher.error is None:
                    time.sleep(0.05)
                offered = count / (time.monotonic() - began)
            if publisher.error is not None:
                raise publisher.error
            backlog.close()
            runs.wait(count * _METRICS)
        finally:
            lander.end(signal.SIGTERM)
            broker.stop()
        status = read_status(paths, "lander")
        gold = runs.gold[-1][1]
    landed = status.landed_messages if status else 0
    if not landed == sum(messages.minutes.values()) == count or sum(gold.values()) != count * _METRICS:
        sys.exit(
            f"{count} messages published, {landed} landed, {sum(gold.values())} of {count * _METRICS} readings in gold"
        )
    delays = []
    for number, sent in sorted(messages.minutes.items()):
        complete = next(at for at, held in runs.gold if held.get(number, 0) >= sent * _METRICS)
        delays.append(complete - (number + 1) * 60)
    half = len(backlog.waiting) // 2
    figures.add("published", "messages/s", [offered])
    figures.add("gold complete after the end of a minute", "s", delays)
    figures.add("a minute's whole run", "s", runs.seconds)
    for step in runs.steps[0]:
        figures.add(f"step {step}", "s", [steps[step] for steps in runs.steps])
    figures.add("published and not yet taken, first half", "messages", backlog.waiting[:half])
    figures.add("published and not yet taken, second half", "messages", backlog.waiting[half:])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
