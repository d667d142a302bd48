"""Topics that are known and carry no readings: states of bridges, availability, commands, configuration.

Belongs here: recognising nothing but the topic, which the routes do. Does not: looking into the payload.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """Say so."""
    sheet.not_telemetry()
