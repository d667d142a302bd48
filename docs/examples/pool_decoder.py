# ruff: noqa: INP001 - an example beside the pages, not a package
"""A decoder of one's own: a pool controller that sends ``PH=7.21;T=79.3;PUMP=on;AT=1763024400``."""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.decoders.sheet import Sheet, Unreadable

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.own import OwnOptions


def read(message: Message, options: OwnOptions, sheet: Sheet) -> None:
    """Tell the sheet what the message says."""
    pairs = [field.partition("=") for field in message.text().strip().split(";")]
    if not all(equals for _, equals, _ in pairs):
        raise Unreadable("malformed_line", f"it begins {message.text()[:60]!r}")
    fields = {name.lower(): value for name, _, value in pairs}
    sheet.record(time=fields.pop("at", None))  # the device is the level {device} of the topic
    switches = options.own.get("switches", ())
    for metric, value in fields.items():
        sheet.measure(metric, value == "on" if metric in switches else float(value))
