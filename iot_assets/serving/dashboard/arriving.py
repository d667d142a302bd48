"""What comes in before anything is published: the newest readings of the devices that were heard last.

Belongs here: showing them. Does not: following the live tail (``unpublished``).
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final

from iot_assets.serving.dashboard.markup import Html, age, joined, measured, table, text
from iot_assets.serving.reads.question import Scope
from iot_assets.serving.reads.unpublished import unpublished

if TYPE_CHECKING:
    from iot_assets.serving.dashboard.edition import Edition, Row
    from iot_assets.serving.dashboard.unpublished import Unpublished

#: Of so many readings, so many devices are shown.
_READINGS: Final = 500
_DEVICES: Final = 12
#: Of a device so many values.
_VALUES: Final = 4
#: Clocks of devices may run so far ahead.
_AHEAD: Final = timedelta(minutes=1)


class Arriving:
    """As one open page shows it."""

    def __init__(self, tail: Unpublished) -> None:
        self._tail = tail

    async def shown(self, edition: Edition) -> Html:
        """What is known by now."""
        now = datetime.now(UTC)
        asked = unpublished(Scope(after=now + _AHEAD), most=_READINGS)
        return _listed(await self._tail.rows(asked, edition), now)


def _listed(rows: list[Row], now: datetime) -> Html:
    newest: dict[str, dict[str, Row]] = {}
    for row in sorted(rows, key=lambda row: row["received_at"], reverse=True):
        newest.setdefault(row["device_id"], {}).setdefault(row["metric"], row)
    shown = []
    for device, metrics in list(newest.items())[:_DEVICES]:
        values = [_value(row) for row in list(metrics.values())[:_VALUES]]
        heard = max(row["received_at"] for row in metrics.values())
        shown.append((device, Html(f"<div>{joined(*values)}</div>"), age(heard, now)))
    return table("What comes in", ("Device", "What comes in", "Heard"), shown, empty="Waiting for the first readings.")


def _value(row: Row) -> Html:
    name, value = text(row["metric"]), measured(row["value"], row["value_text"], row["unit"])
    return Html(f'<span class="none">{name}</span> {value} &ensp;')
