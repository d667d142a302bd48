"""Load over MQTT: readings of a fleet, published at QoS 1 as fast as a broker takes them, or at a rate.

    python benchmarks/mqtt_load.py --port 1883 --messages 1000000
    python benchmarks/mqtt_load.py --port 1883 --messages 1200000 --per-second 20000 --metrics 6

Prints when it began and ended and how many messages the broker answered for, as JSON. The publisher itself is that of
the stories (``iot_assets_tests/story/publisher.py``); here is what it publishes, made at the moment it is sent.
"""

from __future__ import annotations

import argparse
import json
import sys
import time
from collections import Counter
from collections.abc import Sequence
from datetime import UTC, datetime
from pathlib import Path
from typing import overload

ROOT = Path(__file__).parent.parent
sys.path.insert(0, str(ROOT))

from iot_assets_tests.story.publisher import Publisher  # noqa: E402

_METRICS = ("temperature", "humidity", "voltage", "current", "power")


class Readings(Sequence[tuple[str, bytes]]):
    """Message number → topic and payload: JSON, with the time at which it was asked for in ``timestamp``."""

    def __init__(self, count: int, *, size: int = 0, metrics: int = 1, devices: int = 1000) -> None:
        self._count, self._size, self._metrics, self._devices = count, size, metrics, devices
        self.minutes: Counter[int] = Counter()
        """How many carry a time of each minute since 1970."""

    def __len__(self) -> int:
        return self._count

    @overload
    def __getitem__(self, number: int) -> tuple[str, bytes]: ...
    @overload
    def __getitem__(self, number: slice) -> list[tuple[str, bytes]]: ...
    def __getitem__(self, number: int | slice) -> tuple[str, bytes] | list[tuple[str, bytes]]:
        if isinstance(number, slice):
            return [self[n] for n in range(*number.indices(self._count))]
        device, now = number % self._devices, time.time()
        self.minutes[int(now // 60)] += 1
        # Each device's values move slowly, as no rule for readings has anything to say about that.
        step = number // self._devices % 100 / 100
        values = "".join(f',"{name}":{40 + step:.2f}' for name in _METRICS[: self._metrics - 1])
        text = f'{{"device_id":"d{device:04d}","timestamp":{now:.6f},"count":{number}{values}'
        if (missing := self._size - len(text) - 12) >= 0:
            text += f',"note":"{"x" * missing}"'
        return f"telemetry/d{device:04d}", f"{text}}}".encode()


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--per-second", type=float, help="as fast as the broker takes them, unless given")
    parser.add_argument("--size", type=int, default=0, help="bytes of a payload, at least")
    parser.add_argument("--metrics", type=int, default=1, choices=range(1, 7))
    parser.add_argument("--devices", type=int, default=1000)
    arguments = parser.parse_args()
    began = datetime.now(UTC)
    messages = Readings(arguments.messages, size=arguments.size, metrics=arguments.metrics, devices=arguments.devices)
    with Publisher(arguments.port, messages, per_second=arguments.per_second, window=20_000) as publisher:
        while publisher.acknowledged < arguments.messages and publisher.error is None:
            time.sleep(0.01)
    ended = datetime.now(UTC)
    print(json.dumps({"began": began.isoformat(), "ended": ended.isoformat(), "acknowledged": publisher.acknowledged}))
    if publisher.error is not None:
        raise publisher.error


if __name__ == "__main__":
    main()
