"""WIS2 notification messages of the World Meteorological Organization: they tell where data is, and carry none.

Belongs here: recognising them. Does not: fetching what they point to.
"""

from __future__ import annotations

from iot_assets.decoders.by_message import Message
from iot_assets.decoders.options import CommonOptions
from iot_assets.decoders.sheet import Sheet, Unreadable


def read(message: Message, _: CommonOptions, sheet: Sheet) -> None:
    """Say that it is no telemetry, if it is what it should be."""
    notification = message.json_object()
    if notification.get("type") != "Feature" or not isinstance(notification.get("properties"), dict):
        raise Unreadable("missing_value", "it is no WIS2 notification, which is a GeoJSON Feature with properties")
    sheet.not_telemetry()
