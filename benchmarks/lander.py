"""How fast the lander drains a backlog of QoS 1 messages, and what each costs it, beside clients that keep nothing.

    python benchmarks/lander.py --messages 1000000

Each drain has a Mosquitto of its own that has queued the backlog (and writes nothing to disk). Drains alternate:

* the lander (``iot-assets land --until-idle 1``), MQTT 5 and 3.1.1: each message fsynced before it is acknowledged, and
  sealed to Parquet before the process ends. Its time is from its start to its last message, as its status tells;
* a bare socket with the lander's decoder, acknowledging at once, storing nothing: the limit;
* paho as it comes, and ``mosquitto_sub``, storing nothing, on a tenth of the backlog;
* Pathway's MQTT connector, if ``--pathway`` names a Python that has it: its persistence acknowledges what is durable.

CPU time and memory are those of the whole process, CPU time less that of one that found nothing.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from functools import partial
from pathlib import Path

HERE = Path(__file__).parent
sys.path.insert(0, str(HERE.parent))

from iot_assets.bench.figures import Figures, alternate  # noqa: E402
from iot_assets.bench.script import Ended, folder, parser, run  # noqa: E402
from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets.landing.status import read_status  # noqa: E402
from iot_assets_tests.brokers import Mosquitto  # noqa: E402

#: A broker that is in nobody's way: nothing dropped, a large window, no disk, no log.
BROKER = ("allow_anonymous true", "max_queued_messages 2000000", "max_inflight_messages 20000", "set_tcp_nodelay true")
LIMIT = "bare socket, MQTT 3.1.1, nothing stored"
PATHWAY = "Pathway, persistence in a folder"

#: A folder, a port and how many messages wait (0: make the session) → what the process used, in how many seconds.
Drain = Callable[[Path, int, int], tuple[Ended, float]]


def program(*command: str, cwd: Path, environment: dict[str, str | None] | None = None) -> Ended:
    """Run a program that must succeed."""
    found = run(command, cwd=cwd, environment=environment)
    if found.code:
        sys.exit(f"{' '.join(command)} failed:\n{found.output[-2000:]}")
    return found


def land(protocol: str, here: Path, port: int, messages: int) -> tuple[Ended, float]:
    """The lander, until nothing comes."""
    environment: dict[str, str | None] = {
        "IOT_DATA_DIR": str(here / "data"),
        "IOT_MQTT__PORT": str(port),
        "IOT_MQTT__PROTOCOL": protocol,
        "IOT_MQTT__TOPICS": "telemetry/#",
    }
    used = program(sys.executable, "-m", "iot_assets", "land", "--until-idle", "1", cwd=here, environment=environment)
    status = read_status(DataPaths(here / "data"), "lander")
    assert status is not None
    if not status.landed_messages == status.acknowledged_messages == messages:
        sys.exit(f"{status.landed_messages} landed and {status.acknowledged_messages} acknowledged of {messages}")
    return used, ((status.last_message_at or status.started_at) - status.started_at).total_seconds()


def drain(which: str, here: Path, port: int, messages: int) -> tuple[Ended, float]:
    """A client that keeps nothing; it tells its time itself, without that of starting Python."""
    script = [sys.executable, str(HERE / "mqtt_drains.py"), which, "--port", str(port), "--client-id", "drain"]
    used = program(*script, "--messages", str(messages), cwd=here)
    return used, float(used.output)


def mosquitto_sub(here: Path, port: int, messages: int) -> tuple[Ended, float]:
    """Mosquitto's own client; ``-E`` ends it once it has subscribed."""
    until = ["-C", str(messages)] if messages else ["-E"]
    session = ["-p", str(port), "-i", "drain", "-c", "-q", "1", "-t", "telemetry/#"]
    used = program("mosquitto_sub", *session, "-F", "%l", *until, cwd=here)
    return used, used.seconds


def pathway(python: Path, here: Path, port: int, messages: int) -> tuple[Ended, float]:
    """Pathway's connector, with persistence; the session that it resumes is made by the bare socket."""
    if not messages:
        drain("bare", here, port, 0)
    script = [str(python), str(HERE / "mqtt_pathway.py"), "--port", str(port), "--state", str(here / "pathway")]
    script += ["--told", str(here / "seconds")]
    used = program(*script, "--messages", str(messages), cwd=here)
    return used, float((here / "seconds").read_text())


#: Name → how the backlog is drained, and the part of it that is queued.
DRAINS: dict[str, tuple[Drain, float]] = {
    LIMIT: (partial(drain, "bare"), 1),
    "stock paho, MQTT 3.1.1, nothing stored": (partial(drain, "paho 3.1.1"), 0.1),
    "stock paho, MQTT 5, nothing stored": (partial(drain, "paho 5"), 0.1),
    "mosquitto_sub, nothing stored": (mosquitto_sub, 0.1),
    "lander, MQTT 3.1.1": (partial(land, "3.1.1"), 1),
    "lander, MQTT 5": (partial(land, "5"), 1),
}


def once(way: Drain, messages: int, size: int, work: Path) -> tuple[float, float, float]:
    """One backlog, drained: messages a second, CPU seconds a message, most memory."""
    with folder(work) as here:
        broker = Mosquitto(here / "broker", BROKER, log="error")
        broker.start()
        try:
            idle, _ = way(here, broker.port, 0)  # makes the session
            load = [sys.executable, str(HERE / "mqtt_load.py"), "--port", str(broker.port), "--size", str(size)]
            program(*load, "--messages", str(messages), cwd=here)
            used, seconds = way(here, broker.port, messages)
        finally:
            broker.stop()
    return messages / seconds, (used.cpu_seconds - idle.cpu_seconds) / messages, used.peak_mb


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--messages", type=int, default=1_000_000)
    asked.add_argument("--size", type=int, default=300, help="bytes of a payload")
    asked.add_argument("--pathway", type=Path, help="a Python with Pathway, to be measured too [default: without it]")
    given = asked.parse_args()
    if given.pathway is not None:
        DRAINS[PATHWAY] = (partial(pathway, given.pathway), 1)
    figures = Figures("lander", messages=given.messages, size=given.size)
    ways = {
        name: partial(once, way, int(given.messages * part), given.size, given.work)
        for name, (way, part) in DRAINS.items()
    }
    found = alternate(ways, given.repetitions)
    for name in sorted(found, key=lambda name: name.startswith("lander")):  # a ratio needs the other figure first
        rates, cpu_seconds, peak_mb = zip(*found[name], strict=True)
        against = [other for other in found if not other.startswith("lander")] if name.startswith("lander") else []
        figures.add(name, "messages/s", rates, against=against, cpu_seconds=cpu_seconds, peak_mb=peak_mb)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
