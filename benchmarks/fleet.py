"""A fleet that behaves: landed files of devices whose values drift slowly and which each speak at an even pace.

Belongs here: made-up messages in order of time, as landed Parquet. Does not: faults (``fault_injector``), measuring.
Whoever lands begins where the file before it ended, as the lander's minutes do; what overlaps would be late data.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.lake.landed import FOOTER_FIRST, FOOTER_LAST, FOOTER_ROWS, LANDED_SCHEMA, WRITING
from iot_assets.lake.message_id import MessageIds
from iot_assets.lake.paths import DataPaths

_START_MS: Final = 1_700_000_000_000
#: kind → (topic, payload) of device ``d`` at the instant ``sent_at``.
KINDS: Final = {
    "telemetry, four metrics": (
        "'telemetry/device_' || lpad(d::varchar, 4, '0')",
        """printf(
            '{"timestamp": "%s", "device_id": "device_%04d", "temperature": %.2f, "humidity": %d, "pressure": %.1f,'
            || ' "battery_level": %d}',
            strftime(sent_at, '%Y-%m-%dT%H:%M:%S.%f+00:00'), d, temperature, 40 + d % 50, pressure, 100 - d % 100
        )""",
    ),
    "flat_json, six metrics": (
        "'devices/d' || d || '/state'",
        """printf(
            '{"ts": %d, "temperature": %.2f, "humidity": %d, "pressure": %.1f, "battery": %d,'
            || ' "rssi": -%d, "voltage": %.2f}',
            epoch_ms(sent_at), temperature, 40 + d % 50, pressure, 100 - d % 100, 40 + d % 40, 230 + sin(phase)
        )""",
    ),
}
_MESSAGES: Final = """
select {topic} as topic, encode({payload}) as payload, sent_at + interval 50 milliseconds as received_at
from (
    select
        i % {devices} as d,
        to_timestamp({start} + i * {seconds} / {messages}) as sent_at,
        (epoch(sent_at) / 3600 + d)::double as phase,
        10 + d % 20 + 3 * sin(phase) as temperature,
        1000 + d % 30 + 5 * sin(phase / 5) as pressure
    from range({messages}) t(i)
)
order by received_at
"""


@dataclass(slots=True)
class Fleet:
    """Lands files into one data folder, one after the other."""

    paths: DataPaths
    devices: int
    kind: str = "telemetry, four metrics"
    landed: int = field(default=0)
    _segment: int = field(default=0)

    def land(self, start: float, seconds: float, messages: int) -> Path:
        """One file of so many messages, sent evenly over the ``seconds`` from ``start`` (seconds since 1970)."""
        topic, payload = KINDS[self.kind]
        with duckdb.connect() as connection:
            connection.execute("set TimeZone = 'UTC'")
            sent = connection.sql(
                _MESSAGES.format(
                    topic=topic,
                    payload=payload,
                    devices=self.devices,
                    start=repr(start),
                    seconds=repr(float(seconds)),
                    messages=messages,
                )
            ).to_arrow_table()
        ids = MessageIds("bench", _START_MS).column(self.landed, messages)
        table = pa.table(
            [
                ids,
                pa.repeat(pa.scalar("mqtt:bench"), messages),
                sent["topic"],
                sent["payload"],
                pa.nulls(messages, pa.string()),
                pa.nulls(messages, pa.string()),
                pa.repeat(pa.scalar(1, pa.int8()), messages),
                pa.repeat(pa.scalar(value=False), messages),
                pa.repeat(pa.scalar(value=False), messages),
                pa.array((n % 65_535 + 1 for n in range(messages)), pa.int32()),
                pa.repeat(pa.scalar(1, pa.int32()), messages),
                sent["received_at"].cast(pa.timestamp("us", tz="UTC")),
            ],
            schema=LANDED_SCHEMA.with_metadata(
                {
                    FOOTER_ROWS: str(messages).encode(),
                    FOOTER_FIRST: str(ids[0].as_py()).encode(),
                    FOOTER_LAST: str(ids[-1].as_py()).encode(),
                }
            ),
        )
        path = self.paths.landed_file("bench", _START_MS, self._segment, sent["received_at"][0].as_py())
        path.parent.mkdir(parents=True, exist_ok=True)
        pq.write_table(table, path, **WRITING)
        self.landed, self._segment = self.landed + messages, self._segment + 1
        return path
