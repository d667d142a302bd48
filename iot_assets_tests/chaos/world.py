"""What the platform must make of a lake, by the oracle: messages of one plain format, read again in plain words.

A payload is ``{"id": device, "dt": epoch seconds, "value": number}`` on the topic ``sensors``; all else is a reject.
Belongs here: such messages, what the tables must hold, comparing. Does not: how the lake came about.
"""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any, Final

from iot_assets.lake.paths import list_landed
from iot_assets.warehouse.bronze import read_landed
from iot_assets_tests import oracle
from iot_assets_tests.house import tables_of

if TYPE_CHECKING:
    import duckdb

    from iot_assets.lake.paths import DataPaths

TOPIC: Final = "sensors"
#: Those that say what was measured; each is compared as a whole, to the bit.
COMPARED: Final = (
    "silver.readings", "silver.corrections", "silver.outcome_counts",
    "gold.readings_1min", "gold.readings_1h", "gold.readings_1d", "gold.latest",
)  # fmt: skip
_FUTURE_US: Final = 5 * 60 * 1_000_000


def payload(device: str, at: float, value: float) -> bytes:
    """One message."""
    return json.dumps({"id": device, "dt": at, "value": value}).encode()


def seen(paths: DataPaths) -> list[oracle.Seen]:
    """All that has landed, as the oracle takes it."""
    found = []
    for file in list_landed(paths):
        for row in read_landed(paths.lake / file.path).to_pylist():
            received = oracle.instant(row["received_at"])
            found.append(
                oracle.Seen(
                    message_id=row["message_id"],
                    received_at=received,
                    source=row["source"],
                    lander=file.lander,
                    landed_on=file.landed_on.isoformat(),
                    session=row["session"],
                    dup=row["dup"],
                    packet_id=row["packet_id"],
                    topic=row["topic"],
                    payload=_plainly(row["payload"], received),
                )
            )
    return found


def _plainly(content: bytes, received: int) -> bytes:
    """The payload in the oracle's own format."""
    try:
        tree: dict[str, Any] = json.loads(content)
    except ValueError:
        return b"{"
    at: int | None = round(tree["dt"] * 1_000_000)
    assert at is not None
    flags = []
    if at > received + _FUTURE_US:
        at, flags = None, ["clock_suspect"]
    elif at < received - 30 * 86_400_000_000:
        flags = ["stale"]
    return json.dumps([[tree["id"], "value", at, tree["value"], None, flags]]).encode()


def wrong(connection: duckdb.DuckDBPyConnection, messages: list[oracle.Seen]) -> str | None:
    """Where the warehouse is not what the oracle says of these messages; None where it is."""
    found, expected = tables_of(connection), oracle.tables(messages)
    for tables in (found, expected):
        for name in ("silver.readings", "silver.corrections"):
            # A time that is not believed is kept as text, of which the oracle knows nothing.
            tables[name] = [row[:8] + row[9:] for row in tables[name]]
    for name in COMPARED:
        if found[name] != expected[name]:
            missing = [row for row in expected[name] if row not in set(found[name])]
            extra = [row for row in found[name] if row not in set(expected[name])]
            return f"{name}: {len(missing)} rows missing, {len(extra)} too many, such as {missing[:1]} and {extra[:1]}"
    return None
