"""The oracle: silver and gold once more, in plain Python, from the definition and not from the other implementation.

It shares no code with ``iot_assets`` and knows nothing of batches, order or ledgers: a table is a function of the set
of messages. Slow and plain on purpose. Belongs here: what is true. Does not: how it is found incrementally.

How exact sums are made: a double becomes fixed point by multiplying it, as a double, by 1e12 and rounding halves away
from zero; sums of fixed point are exact; back to a double go the whole and the fraction apart where the number has more
than 53 bits.
"""

from __future__ import annotations

import hashlib
import json
import math
import struct
from collections import defaultdict
from dataclasses import dataclass
from datetime import UTC, date, datetime
from decimal import Context, Decimal
from fnmatch import fnmatchcase
from typing import TYPE_CHECKING, Any, Final, TypeAlias

from iot_assets_tests import oracle_rules
from iot_assets_tests.oracle_rules import Point

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from uuid import UUID

    from iot_assets.sections.rules import Rule

Row: TypeAlias = tuple[Any, ...]

MINUTE: Final = 60_000_000
_WIDTHS: Final = {"readings_1min": MINUTE, "readings_1h": 60 * MINUTE, "readings_1d": 1440 * MINUTE}
_EXCLUDING: Final = {"out_of_range", "clock_suspect", "out_of_scale"}
_ONE: Final = 10**12
#: So many shapes a landed day are told apart.
SHAPES: Final = 3
_WIDE: Final = Context(prec=60)


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One landed message, all that matters of it; times in microseconds since 1970."""

    message_id: UUID
    received_at: int
    source: str
    lander: str
    landed_on: str
    session: int
    dup: bool
    packet_id: int
    topic: str
    payload: bytes

    @property
    def arrival(self) -> tuple[int, int]:
        """Its place in the order of arrival."""
        return self.received_at, self.message_id.int


@dataclass(frozen=True, slots=True, kw_only=True)
class _Said:
    """A reading as its message gives it."""

    device: str
    metric: str
    at: int
    value: float | None
    text: str | None
    unit: str | None
    flags: tuple[str, ...]
    timed_by: str
    message: Seen
    position: int
    declared: str | None

    @property
    def arrival(self) -> tuple[int, int, int]:
        return (*self.message.arrival, self.position)

    @property
    def identity(self) -> Row:
        """What makes it the same reading: its declared id, within a day; without one, time and value."""
        if self.declared is not None:
            return self.device, self.metric, self.declared, _floor(self.at, 1440 * MINUTE)
        return self.device, self.metric, self.at, self.value, self.text


@dataclass(frozen=True, slots=True)
class _Known:
    """What was said, by the time it was received: what each registry file declares, and what devices announce."""

    snapshots: list[tuple[int, dict[str, dict[str, Any]]]]
    announced: list[tuple[int, dict[str, dict[str, Any]]]]

    @property
    def since(self) -> int | None:
        """From when on there is a registry that names anybody."""
        return next((at for at, devices in self.snapshots if devices), None)

    @property
    def edges(self) -> list[int]:
        """When anything may have changed."""
        return sorted({at for at, _ in (*self.snapshots, *self.announced)})

    @property
    def names(self) -> set[tuple[str, str | None]]:
        """Devices, and with them metrics, of which anything was ever said."""
        said = [devices for _, devices in (*self.snapshots, *self.announced)]
        whole = {(device, None) for devices in said for device in devices}
        return whole | {(d, m) for devices in said for d, facts in devices.items() for m in facts.get("metrics", {})}

    def at(self, instant: int, device: str, metric: str | None = None) -> dict[str, Any] | None:
        """What holds then: field by field what the file declares, and where it is silent the last announced."""
        declared: dict[str, Any] | None = None
        for received, devices in self.snapshots:
            if received <= instant:
                declared = _pick(devices, device, metric)
        spoken = [_pick(devices, device, metric) for received, devices in self.announced if received <= instant]
        if declared is None and not any(facts is not None for facts in spoken):
            return None
        last = {n: v for facts in spoken if facts is not None for n, v in facts.items() if v is not None}
        mine = {n: v for n, v in (declared or {}).items() if v is not None}
        for pair in ({"lat", "lon"}, {"min", "max"}):
            if pair & set(mine):
                last = {n: v for n, v in last.items() if n not in pair}
        return {**last, **mine, "origin": "announced" if declared is None else "declared"}


def _pick(devices: dict[str, dict[str, Any]], device: str, metric: str | None) -> dict[str, Any] | None:
    facts = devices.get(device)
    if facts is None or metric is None:
        return facts
    picked: dict[str, Any] | None = facts.get("metrics", {}).get(metric)
    return picked


def tables(messages: Iterable[Seen], rules: Sequence[Rule] = ()) -> dict[str, list[Row]]:
    """Silver and gold, with the columns of the real tables but for book-keeping, in the form of ``house.rows_of``.

    The rules are those that readings are judged by; what they say is in ``oracle_rules``.
    """
    ordered = sorted(messages, key=lambda m: m.arrival)
    again = _redelivered(ordered)
    known = _Known(
        [(m.received_at, _devices(m.payload)) for m in ordered if m.source == "registry"],
        [(m.received_at, _devices(m.payload[1:])) for m in ordered if _announces(m) and m.message_id not in again],
    )
    births = _births(ordered)
    said = {m.message_id: _numbered(m, births) if _is_read_with(m) else _decode(m) for m in ordered}
    readings, corrections, brought = _settle(
        [r for m in ordered if m.message_id not in again for r in said[m.message_id]]
    )
    repeated = _repeated(ordered, said, [*readings, *corrections])
    hits = _hits(readings, known, rules)
    out = {(hit[0].message.message_id, hit[0].position) for hit in hits if hit[1].action == "exclude"}
    outcomes = {
        m.message_id: _outcome(m, said[m.message_id], brought[m.message_id], m.message_id in again, births)
        for m in ordered
    }
    return {
        name: sorted((tuple(_plain(v) for v in row) for row in rows), key=repr)
        for name, rows in {
            "silver.outcomes": _outcome_rows(ordered, outcomes, said, brought, again),
            "silver.outcome_counts": _count_rows(ordered, outcomes),
            "silver.readings": [_reading_row(r, known) for r in readings],
            "silver.corrections": [_reading_row(r, known) for r in corrections],
            "silver.duplicates": _duplicate_rows(repeated),
            "silver.duplicate_counts": _duplicate_count_rows(repeated),
            "silver.rejects": _reject_rows(ordered, again, births),
            "silver.devices": _device_rows(ordered, said, known),
            "silver.metrics": _metric_rows(known),
            "silver.schema_versions": _shape_rows(ordered, said),
            "gold.rule_hits": _hit_rows(hits),
            **{f"gold.{name}": _rollup(readings, known, width, out) for name, width in _WIDTHS.items()},
            "gold.latest": _latest_rows(readings, known, hits),
        }.items()
    }


def _announces(message: Seen) -> bool:
    return message.source != "registry" and message.payload.startswith(b"!")


def _devices(payload: bytes) -> dict[str, dict[str, Any]]:
    devices: dict[str, dict[str, Any]] = json.loads(payload)
    return devices


def _decode(message: Seen) -> list[_Said]:
    """The trivial format: a list of [device, metric, time or null, number or text, unit or null, own flags, id or not].

    A payload that begins with "!" says what devices are, and holds no readings.
    """
    if message.source == "registry" or not message.payload.startswith(b"["):
        return []
    found = []
    again: dict[Row, int] = defaultdict(int)
    for position, (device, metric, at, what, unit, own, *declared) in enumerate(json.loads(message.payload)):
        name = next(iter(declared), None)
        again[device, metric, name] += 1
        if name is not None and again[device, metric, name] > 1:
            name = f"{name}#{again[device, metric, name]}"
        number = float(what) if isinstance(what, int | float) else None
        huge = number is not None and abs(number) >= 1e12
        found.append(
            _Said(
                device=device,
                metric=metric,
                at=message.received_at if at is None else at,
                value=number,
                text=what if isinstance(what, str) else None,
                unit=unit,
                flags=(*own, *(["out_of_scale"] if huge else [])),
                timed_by="received" if at is None else "payload",
                message=message,
                position=position,
                declared=name,
            )
        )
    return found


@dataclass(frozen=True, slots=True)
class _Birth:
    """What a message says for the reading of those of a topic; of one part, where these take more than one birth."""

    arrival: tuple[int, int]
    topic: str
    part: str
    names: dict[str, str]


def _births(ordered: list[Seen]) -> list[_Birth]:
    """In the order of arrival; a payload that begins with "+" is a list of births."""
    return [
        _Birth(m.arrival, said["topic"], said["part"], said["names"])
        for m in ordered
        if m.source != "registry" and m.payload.startswith(b"+")
        for said in json.loads(m.payload[1:])
    ]


def _is_read_with(message: Seen) -> bool:
    return message.source != "registry" and message.payload.startswith((b"#", b"-"))


def _names_for(message: Seen, births: list[_Birth]) -> dict[str, str] | None:
    """By the last birth of its topic before it, without any by the first one after it; None where there is none."""
    mine = [b for b in births if b.topic == message.topic]
    earlier = [b for b in mine if b.arrival < message.arrival]
    return earlier[-1].names if earlier else mine[0].names if mine else None


def _numbered(message: Seen, births: list[_Birth]) -> list[_Said]:
    """The readings of a message that is read with births, its topic being the device.

    After "#": a list of [number, time or null, value], whose names a birth knows. "-" ends, with value 0 of metric m,
    the parts born for its topic after the last birth without a part.
    """
    if message.payload.startswith(b"#"):
        names = _names_for(message, births) or {}
        numbered = enumerate(json.loads(message.payload[1:]))
        told = [(n, message.topic, names[number], at, what) for n, (number, at, what) in numbered if number in names]
    else:
        before = [b for b in births if b.topic == message.topic and b.arrival < message.arrival]
        since = max((n + 1 for n, b in enumerate(before) if not b.part), default=0)
        told = [(n, part, "m", None, 0.0) for n, part in enumerate(sorted({b.part for b in before[since:]}))]
    return [
        _Said(
            device=device,
            metric=metric,
            at=message.received_at if at is None else at,
            value=float(what),
            text=None,
            unit=None,
            flags=(),
            timed_by="received" if at is None else "payload",
            message=message,
            position=position,
            declared=None,
        )
        for position, device, metric, at, what in told
    ]


def _redelivered(ordered: list[Seen]) -> set[UUID]:
    """Messages with dup set that repeat the last message their packet id had in the last ten minutes of a session."""
    ends: dict[tuple[str, str, int], int] = {}
    for m in ordered:
        line = (m.lander, m.source, m.session)
        ends[line] = max(ends.get(line, m.received_at), m.received_at)
    found = set()
    for m in ordered:
        if not m.dup or m.packet_id == 0:
            continue
        before = [
            e
            for e in ordered
            if (e.lander, e.source, e.packet_id) == (m.lander, m.source, m.packet_id)
            and e.session < m.session
            and e.received_at >= ends[e.lander, e.source, e.session] - 10 * MINUTE
        ]
        if before:
            last = max(before, key=lambda e: (e.session, e.message_id.int))
            if (last.topic, last.payload) == (m.topic, m.payload):
                found.add(m.message_id)
    return found


def _settle(said: list[_Said]) -> tuple[list[_Said], list[_Said], dict[UUID, int]]:
    """Per device, metric and time the reading whose first arrival is greatest holds; how many each message brought."""
    first: dict[Row, _Said] = {}
    for r in sorted(said, key=lambda r: r.arrival):
        first.setdefault(r.identity, r)
    together: dict[tuple[str, str, int], list[_Said]] = defaultdict(list)
    for r in first.values():
        together[r.device, r.metric, r.at].append(r)
    readings, corrections = [], []
    brought: dict[UUID, int] = defaultdict(int)
    for distinct in together.values():
        kept = [r for r in distinct if r.message.topic == "all"]
        others = sorted((r for r in distinct if r not in kept), key=lambda r: r.arrival)
        readings += [*kept, *others[-1:]]
        corrections += others[:-1]
        for r in distinct:
            brought[r.message.message_id] += 1
    return readings, corrections, brought


def _repeated(ordered: list[Seen], said: dict[UUID, list[_Said]], kept: list[_Said]) -> list[_Said]:
    """Whatever was said and not kept."""
    places = {(r.message.message_id, r.position) for r in kept}
    return [r for m in ordered for r in said[m.message_id] if (m.message_id, r.position) not in places]


def _duplicate_rows(repeated: list[_Said]) -> list[Row]:
    return [
        (
            *(r.device, r.metric, r.at, r.value, r.text),
            *(r.message.received_at, r.message.message_id, r.position, date.fromisoformat(r.message.landed_on)),
        )
        for r in repeated
    ]


def _duplicate_count_rows(repeated: list[_Said]) -> list[Row]:
    counts: dict[Row, int] = defaultdict(int)
    for r in repeated:
        counts[r.device, r.metric, _floor(r.at, 60 * MINUTE), date.fromisoformat(r.message.landed_on)] += 1
    return [(*key, n) for key, n in counts.items()]


def _outcome(message: Seen, said: list[_Said], brought: int, redelivered: bool, births: list[_Birth]) -> str:  # noqa: FBT001
    if redelivered:
        return "duplicate"
    if message.source == "registry" or message.payload.startswith((b"!", b"+")):
        return "not_telemetry"
    if message.payload.startswith(b"#") and _names_for(message, births) is None:
        return "held"
    if message.payload.startswith(b"-") and not said:
        return "not_telemetry"
    if not said:
        return "rejected"
    return "telemetry" if brought else "duplicate"


def _outcome_rows(
    ordered: list[Seen],
    outcomes: dict[UUID, str],
    said: dict[UUID, list[_Said]],
    brought: dict[UUID, int],
    again: set[UUID],
) -> list[Row]:
    return [
        (
            m.message_id,
            m.source,
            m.received_at,
            outcomes[m.message_id],
            "registry" if m.source == "registry" else "plain",
            m.message_id in again,
            len(said[m.message_id]),
            brought[m.message_id],
            date.fromisoformat(m.landed_on),
        )
        for m in ordered
    ]


def _count_rows(ordered: list[Seen], outcomes: dict[UUID, str]) -> list[Row]:
    counts: dict[Row, int] = defaultdict(int)
    for m in ordered:
        counts[m.source, _floor(m.received_at, MINUTE), outcomes[m.message_id], date.fromisoformat(m.landed_on)] += 1
    return [(*key, n) for key, n in counts.items()]


def _added(r: _Said, known: _Known) -> tuple[str | None, list[str]]:
    """What the registry of the time of receipt adds to a reading: a unit, and the words of from_registry."""
    metric = known.at(r.message.received_at, r.device, r.metric) or {}
    unit = metric.get("unit") if r.unit is None else None
    words = ["unit"] if unit is not None else []
    low, high = metric.get("min", -math.inf), metric.get("max", math.inf)
    if r.value is not None and not low <= r.value <= high and "out_of_range" not in r.flags:
        words.append("out_of_range")
    if (
        known.since is not None
        and r.message.received_at >= known.since
        and known.at(r.message.received_at, r.device) is None
    ):
        words.append("unknown_device")
    return unit, words


def _flags(r: _Said, known: _Known) -> tuple[str, ...]:
    return (*r.flags, *(word for word in _added(r, known)[1] if word != "unit"))


def _unit(r: _Said, known: _Known) -> str | None:
    return r.unit if r.unit is not None else _added(r, known)[0]


def _reading_row(r: _Said, known: _Known) -> Row:
    return (
        r.device,
        r.metric,
        r.at,
        r.value,
        r.text,
        _unit(r, known),
        _flags(r, known),
        r.timed_by,
        None,
        r.message.received_at,
        r.message.message_id,
        r.position,
        tuple(_added(r, known)[1]),
        r.declared,
        r.message.topic == "all" or None,
    )


def _reject_rows(ordered: list[Seen], again: set[UUID], births: list[_Birth]) -> list[Row]:
    return [
        (
            *(m.message_id, m.topic, m.source, m.received_at, reason, None, m.payload, "plain", 1),
            m.topic if _is_read_with(m) else None,
        )
        for m in ordered
        if m.message_id not in again and (reason := _reason(m, births)) is not None
    ]


def _reason(message: Seen, births: list[_Birth]) -> str | None:
    if message.source == "registry" or message.payload.startswith((b"[", b"!", b"+", b"-")):
        return None
    if not message.payload.startswith(b"#"):
        return "malformed_json"
    names = _names_for(message, births)
    unknown = names is not None and any(number not in names for number, _, _ in json.loads(message.payload[1:]))
    return "unknown_alias" if unknown else None


def _device_rows(ordered: list[Seen], said: dict[UUID, list[_Said]], known: _Known) -> list[Row]:
    sights: dict[str, list[int]] = defaultdict(list)
    for m in ordered:
        for device in [m.topic] if _is_read_with(m) else [r.device for r in said[m.message_id]]:
            sights[device].append(m.received_at)
    rows: list[Row] = []
    named = {device for device, _ in known.names}
    for device in sorted(named | set(sights)):
        first, last = min(sights[device], default=None), max(sights[device], default=None)
        if device not in named:
            rows.append((device, *[None] * 10, "seen", first, None, first, last))
            continue
        history = [(at, known.at(at, device)) for at in known.edges]
        for start, end, facts in _spells(history, ("kind", "lat", "lon", "firmware", "origin")):
            place = (facts["lat"], facts["lon"])
            given = (facts["kind"], None, None, None, *place, facts["firmware"], None, None, None, facts["origin"])
            rows.append((device, *given, start, end, first, last))
    return rows


def _metric_rows(known: _Known) -> list[Row]:
    rows: list[Row] = []
    for device, metric in sorted((d, m) for d, m in known.names if m is not None):
        history = [(at, known.at(at, device, metric)) for at in known.edges]
        for start, end, facts in _spells(history, ("unit", "min", "max", "origin")):
            limits = [None if facts[k] is None else float(facts[k]) for k in ("min", "max")]
            rows.append((device, metric, facts["unit"], *limits, None, facts["origin"], start, end))
    return rows


def _spells(
    history: list[tuple[int, dict[str, Any] | None]], names: tuple[str, ...]
) -> list[tuple[int, int | None, dict[str, Any]]]:
    """Stretches of time over which the same is said; where nothing is said there is none."""
    spells: list[tuple[int, int | None, dict[str, Any]]] = []
    saying: dict[str, Any] | None = None
    since = 0
    for at, said in history:
        facts = None if said is None else {name: said.get(name) for name in names}
        if facts != saying:
            if saying is not None:
                spells.append((since, at, saying))
            saying, since = facts, at
    if saying is not None:
        spells.append((since, None, saying))
    return spells


def _shape_rows(ordered: list[Seen], said: dict[UUID, list[_Said]]) -> list[Row]:
    """Shapes by landed day: the ``SHAPES`` with the most metrics, and the others as one."""
    having: dict[tuple[str, tuple[Row, Row]], list[Seen]] = defaultdict(list)
    for m in ordered:
        numbers = tuple(sorted({r.metric for r in said[m.message_id] if r.value is not None}))
        texts = tuple(sorted({r.metric for r in said[m.message_id] if r.value is None}))
        if (numbers or texts) and not _is_read_with(m):
            having[m.landed_on, (numbers, texts)].append(m)
    rows = []
    for day in {landed_on for landed_on, _ in having}:
        shapes = [shape for landed_on, shape in having if landed_on == day]
        shapes.sort(key=lambda shape: (-len(shape[0]) - len(shape[1]), _name_of(shape)))
        groups = [(_name_of(shape), [shape]) for shape in shapes[:SHAPES]]
        for name, group in [*groups, ("other", shapes[SHAPES:])]:
            messages = sorted((m for shape in group for m in having[day, shape]), key=lambda m: m.arrival)
            if messages:
                names = [tuple(sorted({metric for shape in group for metric in shape[kind]})) for kind in (0, 1)]
                first, last = messages[0], messages[-1]
                counted = (len(messages), first.received_at, last.received_at)
                example = (first.message_id, first.topic, first.payload[:300])
                rows.append(("plain", name, date.fromisoformat(day), *names, *counted, *example))
    return rows


def _name_of(shape: tuple[Row, Row]) -> str:
    return hashlib.md5("\n\n".join("\n".join(names) for names in shape).encode()).hexdigest()[:16]


def _hits(readings: list[_Said], known: _Known, rules: Sequence[Rule]) -> list[tuple[_Said, Rule, float, float]]:
    """What breaks which rule, with what was compared and the limit."""
    series: dict[tuple[str, str], dict[Point, _Said]] = defaultdict(dict)
    for r in readings:
        if r.value is not None and not _EXCLUDING & set(_flags(r, known)):
            point = Point(
                at=r.at,
                value=r.value,
                received=r.message.received_at,
                place=(r.message.message_id.int, r.position),
                unit=_unit(r, known),
            )
            series[r.device, r.metric][point] = r
    found = []
    for (device, metric), points in series.items():
        mine = [
            rule
            for rule in rules
            if any(fnmatchcase(metric, pattern) for pattern in rule.metrics)
            and any(fnmatchcase(device, pattern) for pattern in rule.devices)
        ]
        found += [
            (points[point], rule, measure, bound)
            for point, rule, measure, bound in oracle_rules.hits(list(points), mine)
        ]
    return found


def _hit_rows(hits: list[tuple[_Said, Rule, float, float]]) -> list[Row]:
    return [
        (
            *(r.device, r.metric, r.at, r.message.message_id, r.position),
            *(rule.name, rule.kind, rule.action, r.value, float(measure), float(bound)),
        )
        for r, rule, measure, bound in hits
    ]


def _rollup(readings: list[_Said], known: _Known, width: int, out: set[tuple[UUID, int]]) -> list[Row]:
    groups: dict[tuple[str, str, int], list[_Said]] = defaultdict(list)
    for r in readings:
        if r.value is not None:
            groups[r.device, r.metric, _floor(r.at, width)].append(r)
    return [(*key, *_statistics(group, known, out)) for key, group in groups.items()]


def _statistics(group: list[_Said], known: _Known, out: set[tuple[UUID, int]]) -> Row:
    valid = sorted(
        (r for r in group if not _EXCLUDING & set(_flags(r, known)) and (r.message.message_id, r.position) not in out),
        key=lambda r: (r.at, r.message.message_id.int, r.position),
    )
    counts = (len(group), len(valid), len(group) - len(valid))
    if not valid:
        return (*counts, *[None] * 11)
    values = [r.value for r in valid if r.value is not None]
    total = sum(map(fixed, values))
    squares = None if max(map(abs, values)) >= 1e9 else exact(sum(fixed(v * v) for v in values))
    first, last = valid[0], valid[-1]
    return (
        *counts,
        exact(total),
        squares,
        as_double(total) / len(values),
        min(values),
        max(values),
        first.value,
        first.at,
        first.message.message_id,
        last.value,
        last.at,
        last.message.message_id,
    )


def _latest_rows(readings: list[_Said], known: _Known, hits: list[tuple[_Said, Rule, float, float]]) -> list[Row]:
    newest: dict[tuple[str, str], _Said] = {}
    for r in sorted(readings, key=lambda r: (r.at, *r.arrival)):
        newest[r.device, r.metric] = r
    return [
        (
            r.device,
            r.metric,
            r.at,
            r.value,
            r.text,
            _unit(r, known),
            _flags(r, known),
            r.message.received_at,
            r.message.message_id,
            tuple(sorted({rule.name for hit, rule, _, _ in hits if _alike(hit, r)})),
        )
        for r in newest.values()
    ]


def _alike(one: _Said, other: _Said) -> bool:
    """Whether they differ in their place in one message at most, which newest readings do not tell."""
    return one.message is other.message and (one.device, one.metric, one.at, one.value) == (
        other.device,
        other.metric,
        other.at,
        other.value,
    )


def fixed(value: float) -> int:
    """A double as a whole number of 1e-12."""
    scaled = value * 1e12
    if abs(scaled) >= 2**52:
        return int(scaled)
    return int(math.copysign(math.floor(abs(scaled) + 0.5), scaled))


def as_double(units: int) -> float:
    """A whole number of 1e-12 as a double."""
    if abs(units) <= 2**53:
        return units / 1e12
    whole, fraction = divmod(abs(units), _ONE)
    return math.copysign(float(whole) + float(fraction) / 1e12, units)


def exact(units: int) -> Decimal:
    """A whole number of 1e-12 as a decimal with 12 places."""
    return Decimal(units).scaleb(-12, _WIDE)


def instant(at: datetime) -> int:
    """Microseconds since 1970."""
    since = at - datetime(1970, 1, 1, tzinfo=UTC)
    return (since.days * 86_400 + since.seconds) * 1_000_000 + since.microseconds


def _floor(at: int, width: int) -> int:
    return at - at % width


def _plain(value: Any) -> Any:
    return struct.pack(">d", value).hex() if isinstance(value, float) else value
