"""How soon a published message is seen, while everything runs: broker, lander, server, and runs each half minute.

    python benchmarks/live.py --rate 1000 --seconds 150

Messages of 1,000 devices go to a real Mosquitto at an even rate with QoS 1; ``iot-assets land`` takes them, and a
process of its own does what a minute's run does (bronze, silver, gold, publication). Somebody listens to the WebSocket
``/live``, and 24 clients ask ``/latest`` of a device once a second. Measured is from just before a message is published
until its reading arrives at the listener; and that each arrives once, over all handovers.
"""

from __future__ import annotations

import contextlib
import json
import os
import subprocess
import sys
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

HERE = Path(__file__).parent
ROOT = HERE.parent
sys.path.insert(0, str(ROOT))

from paho.mqtt.client import Client  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

from iot_assets.bench.figures import Figures, percentile  # noqa: E402
from iot_assets.bench.script import ended, folder, parser  # noqa: E402
from iot_assets.lake.paths import DataPaths  # noqa: E402
from iot_assets.landing.status import read_status  # noqa: E402
from iot_assets_tests.brokers import Mosquitto, free_port  # noqa: E402

DEVICES = 1000
RUNS = """
import sys, time
from pathlib import Path
from iot_assets_tests.house import house_in
house = house_in(Path(sys.argv[1]))
house.run(); house.publish()
print("published", flush=True)
while True:
    started = time.time()
    house.run(); house.publish()
    time.sleep(max(0, 30 - (time.time() - started)))
"""


def publish(port: int, rate: int, seconds: float, sent: dict[int, float]) -> None:
    """Send at an even rate; ``sent`` says when."""
    client = Client(CallbackAPIVersion.VERSION2)
    client.max_inflight_messages_set(20_000)
    client.connect("127.0.0.1", port)
    client.loop_start()
    began = time.perf_counter()
    for number in range(int(rate * seconds)):
        if (wait := began + number / rate - time.perf_counter()) > 0:
            time.sleep(wait)
        sent[number] = time.perf_counter()
        body = json.dumps({"ts": datetime.now(UTC).isoformat(), "n": number})
        client.publish(f"devices/device_{number % DEVICES:05}/up", body, qos=1)
    time.sleep(3)
    client.loop_stop()
    client.disconnect()


def listen(
    port: int, seen: dict[int, list[float]], missed: list[int], ready: threading.Event, over: threading.Event
) -> None:
    """Note when each reading arrives."""
    with connect(f"ws://127.0.0.1:{port}/live", max_size=None) as socket:
        socket.send('{"type": "subscribe"}')
        while not over.is_set():
            with contextlib.suppress(TimeoutError):
                told = json.loads(socket.recv(timeout=1))
                at = time.perf_counter()
                match told["type"]:
                    case "subscribed":
                        ready.set()
                    case "readings":
                        for one in told["readings"]:
                            seen.setdefault(int(one["value"]), []).append(at)
                    case "missed":
                        missed.append(told["readings"])


def ask(port: int, spent: list[float], over: threading.Event, device: int) -> None:
    """A client of ``/latest``."""
    while not over.wait(1):
        started = time.perf_counter()
        with urllib.request.urlopen(f"http://127.0.0.1:{port}/latest?device=device_{device:05}", timeout=30) as answer:
            answer.read()
        spent.append(time.perf_counter() - started)


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE)
    asked.add_argument("--rate", type=int, default=1000, help="messages a second")
    asked.add_argument("--seconds", type=float, default=150)
    asked.add_argument("--clients", type=int, default=24)
    given = asked.parse_args()
    figures = Figures("live", rate=given.rate, seconds=given.seconds, clients=given.clients)
    sent: dict[int, float] = {}
    seen: dict[int, list[float]] = {}
    missed: list[int] = []
    spent_asking: list[float] = []
    ready, over = threading.Event(), threading.Event()
    with folder(given.work) as data, contextlib.ExitStack() as leave:
        broker = Mosquitto(data / "broker")
        broker.start()
        leave.callback(broker.stop)
        port = free_port()
        environment = os.environ | {
            "IOT_DATA_DIR": str(data),
            "IOT_MQTT__PORT": str(broker.port),
            "IOT_SERVER__REQUESTS_PER_MINUTE": "1000000",
            "PYTHONPATH": str(ROOT),
        }
        started: dict[str, subprocess.Popen[bytes]] = {}
        begun = time.perf_counter()
        for name, command in {
            "runs": ["-c", RUNS, str(data)],
            "lander": ["-m", "iot_assets", "land"],
            "server": ["-m", "iot_assets", "serve", "--port", str(port)],
        }.items():
            started[name] = subprocess.Popen(
                [sys.executable, *command], env=environment, cwd=ROOT, stderr=subprocess.DEVNULL, stdout=subprocess.PIPE
            )
        for _ in range(600):
            status = read_status(DataPaths(data), "lander")
            if DataPaths(data).serving.exists() and status is not None and status.connected:
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"http://127.0.0.1:{port}/latest", timeout=30).close()
                    break
            time.sleep(0.1)
        threads = [threading.Thread(target=listen, args=(port, seen, missed, ready, over))]
        threads += [threading.Thread(target=ask, args=(port, spent_asking, over, n)) for n in range(given.clients)]
        for thread in threads:
            thread.start()
        ready.wait(30)
        publish(broker.port, given.rate, given.seconds, sent)
        time.sleep(5)
        over.set()
        for thread in threads:
            thread.join()
        used = {}
        for name, process in started.items():
            process.terminate()
            used[name] = ended(process, begun)
            assert process.stdout is not None
            process.stdout.close()
    figures.add("never seen", "messages", [len(sent) - len(seen)])
    figures.add("seen twice", "messages", [sum(len(times) > 1 for times in seen.values())])
    figures.add("dropped for slowness", "messages", [sum(missed)])
    spent = [seen[number][0] - at for number, at in sent.items() if number in seen]
    for name, share in (("median", 0.5), ("p99", 0.99), ("worst", 1.0)):
        figures.add(f"from publishing to seeing, {name}", "s", [percentile(spent, share)])
    figures.add("/latest of one device, p95", "ms", [percentile(spent_asking, 0.95) * 1000])
    for name in ("server", "lander"):
        cpu = used[name].cpu_seconds
        each = [cpu / len(sent)]
        figures.add(f"{name}, CPU", "s", [cpu], cpu_seconds=each, peak_mb=[used[name].peak_mb])
    figures.keep(given.into)


if __name__ == "__main__":
    main()
