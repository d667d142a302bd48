"""What goes wrong in the simulated month, and the ledger of it: which device, what, from when to when.

Belongs here: faults as they happen to devices, planned from a seed before anything is sent. Does not: any knowledge of
what finds them (``faults``). How large a fault is follows from the thing that breaks, never from a limit of a rule.

A device has one fault at a time, and at least a day of health between two.
"""

from __future__ import annotations

import bisect
import random
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field

from simulated_month import DAY, HOUR, KINDS, START_MS, Device, Message

MINUTE = 60_000
HEALTH = DAY
#: Planned work, which is no fault: the devices of this site are off.
MAINTENANCE = ("site-07", 17 * DAY + 2 * HOUR, 17 * DAY + 4 * HOUR)

Span = tuple[float, float]
#: metric → what no sensor of it can have measured: full scale, broken wire, overflow.
IMPOSSIBLE: dict[str, tuple[Span, ...]] = {
    "temperature": ((-270, -100), (150, 400)),
    "humidity": ((-50, -5), (110, 200)),
    "pressure": ((0, 200), (1500, 3000)),
    "co2": ((-500, -20), (20_000, 65_000)),
    "voltage": ((-100, -10), (600, 1000)),
    "battery": ((110, 255),),
}
#: metric → what can be, but not where such devices hang: beside a heater, in a freezer, under a dew point.
UNLIKELY: dict[str, tuple[Span, ...]] = {
    "temperature": ((-45, -35), (62, 80)),
    "humidity": ((0.6, 2.4),),
    "pressure": ((700, 850), (1070, 1090)),
    "co2": ((150, 300), (6000, 9500)),
    "voltage": ((150, 190), (262, 290)),
}
SENTINELS: dict[str, tuple[float, ...]] = {
    "temperature": (-9999, -999, -200, 85.0),
    "humidity": (-9999, -999, -200),
    "pressure": (-9999, -999),
    "co2": (-9999, -999),
}
#: metric → how far one reading jumps off, and how far a sensor that has been knocked is wrong from then on.
JUMPS: dict[str, Span] = {
    "temperature": (8, 30),
    "humidity": (25, 50),
    "pressure": (15, 60),
    "co2": (1500, 4000),
    "voltage": (25, 60),
}
STEPS: dict[str, Span] = {
    "temperature": (8, 20),
    "humidity": (25, 45),
    "pressure": (15, 40),
    "co2": (1500, 4000),
    "voltage": (20, 40),
}
STUCK = ("temperature", "humidity", "pressure", "co2", "voltage")
BOUNDS = {"humidity": (0, 100), "co2": (300, 10_000)}


@dataclass(slots=True)
class Fault:
    """One event of the ledger; ``windows`` are the times (by clock or arrival) at which it can be seen."""

    kind: str
    number: int
    device: str
    metric: str
    begin_ms: int
    end_ms: int
    amount: float = 0.0
    readings: int = 0
    size: float = 1.0
    windows: list[tuple[int, int]] = field(default_factory=list)
    messages: int = 0
    held: list[Message] = field(default_factory=list)


class Injector:
    """Does to the messages of each device, day after day, what the ledger says.

    With a ``least_size`` below 1, spikes and steps are anything from that part of their size up.
    """

    def __init__(self, devices: list[Device], days: int, events: int, seed: int, *, least_size: float = 1.0) -> None:
        if days < 6:
            raise ValueError("a fault can last three days, and there is health before and after it: six days at least")
        self._devices, self._days = devices, days
        self._chance, self._sizes = random.Random(f"{seed} faults"), random.Random(f"{seed} sizes")
        self._least_size = least_size
        self._of: dict[int, list[Fault]] = defaultdict(list)
        self.ledger: list[Fault] = []
        for kind in FAULTS:
            for _ in range(events):
                self._plan(kind)
        #: Devices of the registry that were never installed.
        self.absent = [f"room-sensor-{9000 + n}" for n in range(events // 4)]
        always = (0, days * DAY)
        self.ledger += [Fault("never_seen", -1, name, "", *always, windows=[always]) for name in self.absent]
        self._faults = {number: sorted(them, key=lambda f: f.begin_ms) for number, them in self._of.items()}

    def day(self, number: int, messages: list[Message], day: int) -> list[Message]:
        """What arrives of a device's day; with what was held back before and comes today."""
        device = self._devices[number]
        site, begin, end = MAINTENANCE
        if device.site == site:
            messages = [m for m in messages if not begin <= m.at_ms < end]
        first, last = day * DAY, (day + 1) * DAY
        for fault in self._faults.get(number, ()):
            if fault.begin_ms < last and (fault.end_ms >= first - HOUR or fault.held or fault.readings > 0):
                messages = FAULTS[fault.kind].apply(fault, device, messages, last)
        return messages

    def redelivered(self, device: Device, message: Message, at_ms: int) -> None:
        """MQTT has delivered a message twice: no fault, and none to be found, but what counts it is right."""
        windows = [(at_ms, at_ms), (message.at_ms, message.at_ms)]
        self.ledger.append(Fault("redelivered", -1, device.name, "", at_ms, at_ms, windows=windows))

    def _plan(self, kind: str) -> None:
        chance, how = self._chance, FAULTS[kind]
        pool: dict[str, list[int]] = defaultdict(list)
        for number, device in enumerate(self._devices):
            if not how.metrics or set(how.metrics) & set(device.metrics):
                pool[device.kind.name].append(number)
        # Kinds of which there are few get a little more than their share.
        weights = {k.name: k.share**0.7 for k in KINDS}
        names = sorted(pool)
        while True:
            number = chance.choice(pool[chance.choices(names, [weights[n] for n in names])[0]])
            device = self._devices[number]
            metrics = [m for m in device.metrics if m in how.metrics]
            metric = chance.choice(metrics) if metrics else ""
            lasts, amount, readings = how.draw(chance, device, metric)
            earliest, latest = min(3 * DAY, self._days * DAY // 4), (self._days - 1) * DAY - lasts
            if latest <= earliest:
                continue
            begin = chance.randrange(earliest, latest)
            if self._is_free(number, begin, begin + lasts):
                break
        fault = Fault(kind, number, device.name, metric, begin, begin + lasts, amount, readings)
        if kind in ("spike", "step"):
            fault.size = self._sizes.uniform(self._least_size, 1)
            fault.amount *= fault.size
        fault.windows.append((fault.begin_ms, fault.end_ms))
        self._of[number].append(fault)
        self.ledger.append(fault)

    def _is_free(self, number: int, begin: int, end: int) -> bool:
        site, off, on = MAINTENANCE
        near = [(f.begin_ms, f.end_ms) for f in self._of[number]]
        if self._devices[number].site == site:
            near.append((off, on))
        return all(end + HEALTH < first or begin > last + HEALTH for first, last in near)


@dataclass(frozen=True, slots=True)
class Kind:
    """A kind of fault: the metrics that can have it, how long and large it is, what it does to messages."""

    metrics: tuple[str, ...]
    draw: Callable[[random.Random, Device, str], tuple[int, float, int]]
    apply: Callable[[Fault, Device, list[Message], int], list[Message]]


def _few(least: int, most: int, amount: Callable[[random.Random, str], float]) -> Callable[..., tuple[int, float, int]]:
    """So many readings in a row; the event ends with the last of them."""

    def draw(chance: random.Random, device: Device, metric: str) -> tuple[int, float, int]:
        readings = chance.randint(least, most)
        return readings * device.interval_ms, amount(chance, metric), readings

    return draw


def _long(
    least: float, most: float, amount: Callable[[random.Random, str], float]
) -> Callable[..., tuple[int, float, int]]:
    """So many hours."""

    def draw(chance: random.Random, _device: Device, metric: str) -> tuple[int, float, int]:
        return int(chance.uniform(least, most) * HOUR), amount(chance, metric), 0

    return draw


def _within(spans: dict[str, tuple[Span, ...]]) -> Callable[[random.Random, str], float]:
    return lambda chance, metric: chance.uniform(*chance.choice(spans[metric]))


def _either_way(spans: dict[str, Span]) -> Callable[[random.Random, str], float]:
    return lambda chance, metric: chance.uniform(*spans[metric]) * chance.choice((-1, 1))


def _nothing(_chance: random.Random, _metric: str) -> float:
    return 0.0


def _some_intervals(chance: random.Random, device: Device, _metric: str) -> tuple[int, float, int]:
    """Four to nine intervals, and a quarter of an hour at least."""
    return max(int(chance.uniform(15, 50) * MINUTE), int(chance.uniform(4, 9) * device.interval_ms)), 0.0, 0


def _a_few_hours_held(chance: random.Random, device: Device, _metric: str) -> tuple[int, float, int]:
    return max(int(chance.uniform(2, 12) * HOUR), int(chance.uniform(3, 12) * device.interval_ms)), 0.0, 0


def _clock(chance: random.Random, device: Device, _metric: str) -> tuple[int, float, int]:
    back = max(30_000, chance.uniform(1.5, 20) * device.interval_ms)
    return int(chance.uniform(6, 24) * HOUR), back, 0


def _set(to: Callable[[Fault, Device, Message, int], float]) -> Callable[..., list[Message]]:
    """Readings of the fault's metric become something else, as many as it lasts."""

    def apply(fault: Fault, device: Device, messages: list[Message], _last: int) -> list[Message]:
        column = device.metrics.index(fault.metric)
        for message in messages:
            if message.at_ms < fault.begin_ms or (not fault.readings and message.at_ms >= fault.end_ms):
                continue
            if fault.readings and fault.messages >= fault.readings:
                break
            message.values[column] = to(fault, device, message, column)
            fault.messages += 1
            if fault.readings:  # those that the radio has lost do not count
                fault.end_ms = message.at_ms
                fault.windows[0] = (fault.begin_ms, fault.end_ms)
        return messages

    return apply


def _noisy(fault: Fault, device: Device, _message: Message, _column: int) -> float:
    return fault.amount * device.chance.gauss(1, 0.005)


def _exactly(fault: Fault, _device: Device, _message: Message, _column: int) -> float:
    return fault.amount


def _beside(fault: Fault, _device: Device, message: Message, column: int) -> float:
    """Off by the amount, the other way where that would begin beyond the scale."""
    low, high = BOUNDS.get(fault.metric, (float("-inf"), float("inf")))
    value = message.values[column]
    if not fault.messages and not low <= value + fault.amount <= high:
        fault.amount = -fault.amount
    return min(max(value + fault.amount, low), high)


def _stuck(fault: Fault, _device: Device, message: Message, column: int) -> float:
    if not fault.messages:
        fault.amount = message.values[column]
    return fault.amount


def _fahrenheit(_fault: Fault, _device: Device, message: Message, column: int) -> float:
    return message.values[column] * 1.8 + 32


def _silence(fault: Fault, _device: Device, messages: list[Message], _last: int) -> list[Message]:
    kept = [m for m in messages if not fault.begin_ms <= m.at_ms < fault.end_ms]
    fault.messages += len(messages) - len(kept)
    return kept


def _behind(fault: Fault, _device: Device, messages: list[Message], _last: int) -> list[Message]:
    """The clock is wrong by the amount until somebody sets it."""
    for message in messages:
        if fault.begin_ms <= message.at_ms < fault.end_ms:
            message.at_ms -= int(fault.amount)
            fault.messages += 1
    if len(fault.windows) == 1:
        fault.windows.append((fault.begin_ms - int(fault.amount), fault.end_ms - int(fault.amount)))
    return messages


def _from_the_start(fault: Fault, device: Device, messages: list[Message], last: int) -> list[Message]:
    """The clock begins anew where such clocks do: 1970 or 2000."""
    if fault.amount < 2:
        fault.amount = fault.begin_ms + START_MS - (946_684_800_000 if fault.amount else 0)
    return _behind(fault, device, messages, last)


def _again(fault: Fault, _device: Device, messages: list[Message], last: int) -> list[Message]:
    """The last messages of the day are sent once more, one after the other: an acknowledgement was lost."""
    if fault.messages or fault.begin_ms >= last or not messages:
        return messages
    before = max(
        bisect.bisect_left([m.at_ms for m in messages], fault.begin_ms), min(fault.readings, len(messages) // 2), 1
    )
    said = messages[max(0, before - fault.readings) : before]
    fault.begin_ms = max(fault.begin_ms, said[-1].received_ms + 1)
    again = [Message(m.at_ms, fault.begin_ms + 40 * n, m.values) for n, m in enumerate(said, start=1)]
    fault.messages, fault.end_ms = len(again), again[-1].received_ms
    fault.windows = [(fault.begin_ms, fault.end_ms), (said[0].at_ms, said[-1].at_ms)]
    return messages + again


def _held_back(fault: Fault, _device: Device, messages: list[Message], last: int) -> list[Message]:
    """Kept in the device's memory, sent when the network is back, in order and before what comes then."""
    held = [m for m in messages if fault.begin_ms <= m.at_ms < fault.end_ms]
    fault.held += held
    fault.messages += len(held)
    if not held and not fault.held:
        return messages
    kept = [m for m in messages if not fault.begin_ms <= m.at_ms < fault.end_ms]
    if fault.end_ms < last:
        for n, message in enumerate(fault.held):
            message.received_ms = fault.end_ms + 60 * (n + 1)
        back = fault.end_ms + 60 * (len(fault.held) + 1)
        for message in kept:
            if message.at_ms >= fault.end_ms and message.received_ms < back:
                message.received_ms = back = back + 1
        kept += fault.held
        fault.held = []
    return kept


def _broken(fault: Fault, device: Device, messages: list[Message], _last: int) -> list[Message]:
    """Cut short, bytes of no meaning, or a text for people instead of a message for machines."""
    start = bisect.bisect_left([m.at_ms for m in messages], fault.begin_ms)
    for message in messages[start : start + fault.readings - fault.messages]:
        whole = device.payload(message)
        message.broken = (
            whole[: len(whole) // 2],
            bytes(device.chance.randrange(128, 256) for _ in range(24)),
            b"ERR 17: sensor bus timeout",
        )[device.chance.randrange(3)]
        fault.messages += 1
        fault.end_ms = message.at_ms
        fault.windows[0] = (fault.begin_ms, fault.end_ms)
    return messages


#: All kinds but never_seen, which is of the registry.
FAULTS: dict[str, Kind] = {
    "out_of_range": Kind(tuple(IMPOSSIBLE), _few(1, 4, _within(IMPOSSIBLE)), _set(_noisy)),
    "suspect_value": Kind(tuple(UNLIKELY), _few(3, 12, _within(UNLIKELY)), _set(_noisy)),
    "sentinel": Kind(tuple(SENTINELS), _few(1, 5, lambda c, m: c.choice(SENTINELS[m])), _set(_exactly)),
    "spike": Kind(tuple(JUMPS), _few(1, 1, _either_way(JUMPS)), _set(_beside)),
    "step": Kind(tuple(STEPS), _long(6, 24, _either_way(STEPS)), _set(_beside)),
    "flat_line": Kind(STUCK, _long(12, 48, _nothing), _set(_stuck)),
    "unit_slip": Kind(("temperature",), _long(12, 48, _nothing), _set(_fahrenheit)),
    "gap": Kind((), _some_intervals, _silence),
    "silent": Kind((), _long(12, 72, _nothing), _silence),
    "clock_back": Kind((), _clock, _behind),
    "clock_reset": Kind((), _long(6, 24, lambda c, _m: float(c.randrange(2))), _from_the_start),
    "duplicates": Kind((), _few(10, 60, _nothing), _again),
    "late_delivery": Kind((), _a_few_hours_held, _held_back),
    "garbage": Kind((), _few(3, 30, _nothing), _broken),
}
