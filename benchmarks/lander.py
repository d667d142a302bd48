"""How fast the lander drains a backlog of QoS 1 messages, and what each costs it.

    python benchmarks/lander.py --messages 100000

Each repetition queues the backlog in a real Mosquitto for the lander's persistent session, then starts
``iot-assets land --until-idle 2`` and takes from its status: messages taken, and the time from its start to its last
message. CPU is that of the whole process less that of one that found nothing. Every message is fsynced before it is
acknowledged, and sealed to Parquet. Medians; MQTT 5 and 3.1.1 alternate.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import subprocess
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets.landing.status import read_status  # noqa: E402
from iot_assets_tests.brokers import Mosquitto  # noqa: E402
from iot_assets_tests.story.publisher import Publisher  # noqa: E402


def payload(number: int, size: int) -> bytes:
    """A JSON reading of about ``size`` bytes."""
    body = {"id": f"Sensor {number % 50}", "dt": datetime.now(UTC).isoformat(), "value": number}
    text = json.dumps(body)
    return (text[:-1] + ', "note": "' + "x" * max(size - len(text) - 13, 0) + '"}').encode()


def land(data: Path, broker: Mosquitto, protocol: str) -> tuple[int, float, float]:
    """Run the lander until nothing comes; messages taken, seconds from start to the last one, CPU seconds."""
    environment = {
        **os.environ,
        "IOT_DATA_DIR": str(data),
        "IOT_MQTT__PORT": str(broker.port),
        "IOT_MQTT__PROTOCOL": protocol,
    }
    process = subprocess.Popen(
        [sys.executable, "-m", "iot_assets", "land", "--until-idle", "2"],
        env=environment,
        stderr=subprocess.DEVNULL,
        cwd=data,
    )
    _, code, usage = os.wait4(process.pid, 0)
    process.returncode = os.waitstatus_to_exitcode(code)
    status = read_status(DataPaths(data), "lander")
    assert status is not None
    seconds = 0.0
    if status.last_message_at is not None:
        seconds = (status.last_message_at - status.started_at).total_seconds()
    return status.received_messages, seconds, usage.ru_utime + usage.ru_stime


def once(protocol: str, messages: int, size: int) -> dict[str, float]:
    """One backlog, drained."""
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks" / "work") as folder:
        data = Path(folder)
        broker = Mosquitto(data / "broker")
        broker.start()
        try:
            _, _, idle_cpu = land(data, broker, protocol)  # makes the session
            with Publisher(broker.port, [("bench/topic", payload(n, size)) for n in range(messages)]) as publisher:
                publisher.wait()
            taken, seconds, cpu = land(data, broker, protocol)
        finally:
            broker.stop()
    if taken < messages:
        sys.exit(f"only {taken} of {messages} messages came")
    return {"messages/s": messages / seconds, "CPU µs/message": (cpu - idle_cpu) * 1e6 / messages}


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--messages", type=int, default=100_000)
    parser.add_argument("--size", type=int, default=100, help="bytes of a payload")
    parser.add_argument("--repetitions", type=int, default=5)
    arguments = parser.parse_args()
    (ROOT / "benchmarks" / "work").mkdir(exist_ok=True)
    runs: dict[str, list[dict[str, float]]] = {"5": [], "3.1.1": []}
    for _ in range(arguments.repetitions):
        for protocol, found in runs.items():
            found.append(once(protocol, arguments.messages, arguments.size))
    results = {
        f"MQTT {protocol}, {arguments.messages:,} messages of {arguments.size} B": {
            key: round(statistics.median(run[key] for run in found), 1) for key in found[0]
        }
        for protocol, found in runs.items()
    }
    (ROOT / "benchmarks" / "results").mkdir(exist_ok=True)
    target = ROOT / "benchmarks" / "results" / f"lander-{datetime.now(UTC):%Y-%m-%d}.json"
    target.write_text(json.dumps(results, indent=1) + "\n")
    for name, figures in results.items():
        print(name, figures)


if __name__ == "__main__":
    main()
