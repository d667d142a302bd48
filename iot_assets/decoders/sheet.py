"""What the messages of a group say, written down one message at a time by the readers of ``by_message``.

Belongs here: the few verbs with which a reader tells what it found. Does not: any convention.
"""

from __future__ import annotations

from math import isfinite
from typing import Any, Final

import pyarrow as pa

from iot_assets.decoders.found import (
    FAULTS_SCHEMA,
    FIELDS_SCHEMA,
    RECORDS_SCHEMA,
    SENDERS_SCHEMA,
    TOLD_ANNOUNCEMENTS_SCHEMA,
    TOLD_METRICS_SCHEMA,
    Found,
)
from iot_assets.decoders.judge import FLAG_BITS
from iot_assets.decoders.times import FARTHEST_US
from iot_assets.model import REJECT_REASONS
from iot_assets.units import code

_MAX_SHOWN: Final = 100
#: So many measurements are told before they are turned into columns.
_AT_ONCE: Final = 1 << 16
_ALL_FLAGS: Final = sum(FLAG_BITS.values())


class Unreadable(Exception):  # noqa: N818 - it says what the message is, and never leaves the decoders
    """The message cannot be read; what it said before this was raised still counts."""

    def __init__(self, reason: str, detail: str) -> None:
        super().__init__(reason, detail)
        self.reason = reason
        self.detail = detail


class Sheet:
    """Collects records, measurements, faults and announcements.

    For each message, in any order: ``record`` (who and when; what is measured afterwards belongs to it), ``measure``,
    ``fault``, ``not_telemetry``, ``hold``, ``announce``, ``announce_metric``. A message that says nothing of all this
    measures nothing, and is rejected for that.
    """

    def __init__(self) -> None:
        self._row = 0
        self._position = 0
        self._said = False
        self._records: list[tuple[Any, ...]] = []
        self._fields: list[tuple[Any, ...]] = []
        self._written_records: list[pa.Table] = []
        self._written_fields: list[pa.Table] = []
        self._record, self._recorded = -1, -1
        self._faults: list[tuple[int, str, str]] = []
        self._not_telemetry: list[int] = []
        self._held: list[int] = []
        self._senders: list[tuple[int, str]] = []
        self._announcements: list[dict[str, Any]] = []
        self._announced_metrics: list[dict[str, Any]] = []

    def begin(self, row: int) -> None:
        """The next message."""
        self._row = row
        self._position = 0
        self._said = False
        if len(self._fields) >= _AT_ONCE:
            self._write()

    def end(self) -> None:
        """The message is read."""
        if not self._said:
            self.reject("missing_value", "it holds no measurement")

    def record(
        self,
        device: str | None = None,
        *,
        time: str | None = None,
        us: int | None = None,
        relative: bool = False,
        declared_id: str | None = None,
    ) -> None:
        """Who measured, and when.

        Args:
            device: what the payload calls the device; a level of the topic named ``{device}`` goes before it.
            time: the time as it is written, to be read with the route's zone and unit; None is the received time.
            us: the time exactly, in microseconds since 1970, where the convention says what its times mean; ``time`` is
                then only kept as a witness.
            relative: the time was told as an age or relative to the received time.
            declared_id: what the payload calls itself, where the convention has such a thing.
        """
        self._said = True
        if us is not None:
            us = max(-FARTHEST_US, min(FARTHEST_US, us))
        self._record += 1
        self._recorded = self._row
        self._records.append((self._row, self._record, device, time, us, relative, declared_id))

    def measure(self, metric: str, value: float | str | None, unit: str | None = None, flags: int = 0) -> None:
        """A measurement of the record begun last: a number, a truth value or text; None measures nothing.

        ``flags`` are bits of ``judge.FLAG_BITS``: what the device itself says of the quality.
        """
        if self._recorded != self._row:
            self.record()
        if value is None:
            return
        number, text = None, None
        if isinstance(value, str):
            text = value
        else:
            try:
                number = float(value)
            except OverflowError:
                self.fault(metric, "bad_value", "a whole number that is too large")
                return
            if not isfinite(number):
                self.fault(metric, "bad_value", str(value))
                return
        position = self._position
        self._position = position + 1
        self._fields.append((self._record, position, metric, number, text, unit, flags, None, None))

    def fault(self, metric: str, reason: str, detail: str) -> None:
        """A measurement of the record begun last that measures nothing."""
        if self._recorded != self._row:
            self.record()
        position = self._position
        self._position = position + 1
        told = f"{metric[:_MAX_SHOWN]}: {detail[:_MAX_SHOWN]}"
        self._fields.append((self._record, position, metric, None, None, None, 0, reason, told))

    def reject(self, reason: str, detail: str) -> None:
        """The message, or the rest of it, cannot be read."""
        self._said = True
        self._faults.append((self._row, reason, detail))

    def not_telemetry(self) -> None:
        """The message is understood and carries no readings."""
        self._said = True
        self._not_telemetry.append(self._row)

    def hold(self) -> None:
        """The message waits for another one before it can be read."""
        self._said = True
        self._held.append(self._row)

    def sent_by(self, device: str) -> None:
        """The message is read with a birth, and this device sent it, whatever comes out."""
        self._senders.append((self._row, device))

    def announce(self, device: str | None = None, **facts: Any) -> None:
        """What a device says about itself: columns of ``TOLD_ANNOUNCEMENTS_SCHEMA``."""
        self._said = True
        self._announcements.append({"row": self._row, "device_id": device, **facts})

    def announce_metric(self, device: str | None, metric: str, **facts: Any) -> None:
        """What a device says about a metric of its own: columns of ``TOLD_METRICS_SCHEMA``."""
        if isinstance(unit := facts.get("unit"), str):
            facts["unit"] = code(unit)
        self._announced_metrics.append({"row": self._row, "device_id": device, "metric": metric, **facts})

    def mark(self) -> tuple[int, ...]:
        """How much has been told so far: what ``check`` and ``forget`` go back to."""
        return tuple(map(len, self._lists()))

    def check(self, mark: tuple[int, ...]) -> None:
        """Raise for what was told since the mark and cannot stand in a column."""
        records, fields, faults, *_, announcements, metrics = (
            told[start:] for told, start in zip(self._lists(), mark, strict=True)
        )
        tables = [
            _table(records, RECORDS_SCHEMA),
            _table(fields, FIELDS_SCHEMA),
            _table(faults, FAULTS_SCHEMA),
            pa.Table.from_pylist(announcements, TOLD_ANNOUNCEMENTS_SCHEMA),
            pa.Table.from_pylist(metrics, TOLD_METRICS_SCHEMA),
        ]
        for table in tables:
            table.validate(full=True)
        for reason in (*(field[7] for field in fields), *(fault[1] for fault in faults)):
            if reason is not None and reason not in REJECT_REASONS:
                raise ValueError(f"{reason!r} is no reason to reject; there are {', '.join(REJECT_REASONS)}")
        for flags in (field[6] for field in fields):
            if flags & ~_ALL_FLAGS:
                raise ValueError(f"flags {flags} are not those of judge.FLAG_BITS")

    def forget(self, mark: tuple[int, ...]) -> None:
        """Take back what was told of this message since the mark."""
        for told, start in zip(self._lists(), mark, strict=True):
            del told[start:]
        self._said, self._recorded = False, -1

    def _lists(self) -> tuple[list[Any], ...]:
        return (
            self._records,
            self._fields,
            self._faults,
            self._not_telemetry,
            self._held,
            self._announcements,
            self._announced_metrics,
        )

    def _write(self) -> None:
        """Turn what was told into columns, which take a tenth of the memory."""
        self._written_records.append(_table(self._records, RECORDS_SCHEMA))
        self._written_fields.append(_table(self._fields, FIELDS_SCHEMA))
        self._records.clear()
        self._fields.clear()

    def records(self) -> pa.Table:
        """All records, with the columns of ``RECORDS_SCHEMA``."""
        self._write()
        return pa.concat_tables(self._written_records)

    def found(self) -> Found:
        """All else."""
        self._write()
        return Found(
            fields=pa.concat_tables(self._written_fields),
            faults=_table(self._faults, FAULTS_SCHEMA),
            not_telemetry=pa.array(self._not_telemetry, pa.int64()),
            held=pa.array(self._held, pa.int64()),
            senders=_table(self._senders, SENDERS_SCHEMA),
            announcements=pa.Table.from_pylist(self._announcements, TOLD_ANNOUNCEMENTS_SCHEMA),
            announced_metrics=pa.Table.from_pylist(self._announced_metrics, TOLD_METRICS_SCHEMA),
        )


def _table(rows: list[Any], schema: pa.Schema) -> pa.Table:
    columns = list(zip(*rows, strict=True)) or [()] * len(schema)
    return pa.table([pa.array(column, field.type) for column, field in zip(columns, schema, strict=True)], schema)
