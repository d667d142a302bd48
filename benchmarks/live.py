"""How soon a published message is seen, while everything runs: broker, lander, server, and runs each half minute.

    python benchmarks/live.py --rate 1000 --seconds 150

Messages of 1,000 devices go to a real Mosquitto at an even rate with QoS 1; ``iot-assets land`` takes them, and a
process of its own does what a minute's run does (bronze, silver, gold, publication). Somebody listens to the WebSocket
``/live``, and 24 clients ask ``/latest`` of a device once a second. Measured is from just before a message is published
until its reading arrives at the listener; and that each arrives once, over all handovers.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import statistics
import subprocess
import sys
import tempfile
import threading
import time
import urllib.request
from datetime import UTC, datetime
from pathlib import Path

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from paho.mqtt.client import Client  # noqa: E402
from paho.mqtt.enums import CallbackAPIVersion  # noqa: E402
from websockets.sync.client import connect  # noqa: E402

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


def percentile(values: list[float], share: float) -> float:
    return sorted(values)[min(int(len(values) * share), len(values) - 1)]


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rate", type=int, default=1000, help="messages a second")
    parser.add_argument("--seconds", type=float, default=150)
    parser.add_argument("--clients", type=int, default=24)
    arguments = parser.parse_args()
    (ROOT / "benchmarks" / "work").mkdir(exist_ok=True)
    load = os.getloadavg()[0]
    sent: dict[int, float] = {}
    seen: dict[int, list[float]] = {}
    missed: list[int] = []
    asked: list[float] = []
    ready, over = threading.Event(), threading.Event()
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks" / "work") as folder, contextlib.ExitStack() as leave:
        data = Path(folder)
        broker = Mosquitto(data / "broker")
        broker.start()
        leave.callback(broker.stop)
        port = free_port()
        environment = os.environ | {
            "IOT_DATA_DIR": folder,
            "IOT_MQTT__PORT": str(broker.port),
            "IOT_SERVER__REQUESTS_PER_MINUTE": "1000000",
            "PYTHONPATH": str(ROOT),
        }
        started: dict[str, subprocess.Popen[bytes]] = {}
        for name, command in {
            "runs": ["-c", RUNS, folder],
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
        threads += [threading.Thread(target=ask, args=(port, asked, over, n)) for n in range(arguments.clients)]
        for thread in threads:
            thread.start()
        ready.wait(30)
        publish(broker.port, arguments.rate, arguments.seconds, sent)
        time.sleep(5)
        over.set()
        for thread in threads:
            thread.join()
        usage = {}
        for name, process in started.items():
            process.terminate()
            _, _, usage[name] = os.wait4(process.pid, 0)
            assert process.stdout is not None
            process.stdout.close()
    spent = [seen[number][0] - at for number, at in sent.items() if number in seen]
    results = {
        "load average before": round(load, 1),
        "messages": len(sent),
        "never seen": len(sent) - len(seen),
        "seen twice": sum(len(times) > 1 for times in seen.values()),
        "dropped for slowness": sum(missed),
        "publish to visible, median s": round(statistics.median(spent), 2),
        "publish to visible, p99 s": round(percentile(spent, 0.99), 2),
        "publish to visible, worst s": round(max(spent), 2),
        f"/latest of one device, {arguments.clients} clients, p95 ms": round(percentile(asked, 0.95) * 1000, 1),
        "server, CPU s": round(usage["server"].ru_utime + usage["server"].ru_stime, 1),
        "server, peak MB": round(usage["server"].ru_maxrss / 1024),
        "lander, CPU s": round(usage["lander"].ru_utime + usage["lander"].ru_stime, 1),
    }
    print(json.dumps(results, indent=1))
    target = ROOT / "benchmarks" / "results" / f"live-{arguments.rate}-{datetime.now(UTC):%Y-%m-%d}.json"
    target.write_text(json.dumps({"rate": arguments.rate, "seconds": arguments.seconds, **results}, indent=1) + "\n")


if __name__ == "__main__":
    main()
