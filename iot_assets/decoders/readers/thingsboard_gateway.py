"""ThingsBoard's gateway API: one message speaks for several devices, each under its name.

Belongs here: ``v1/gateway/telemetry``. Does not: the device API, whose shape the JSON engine describes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.decoders.nested import as_time, measure_all

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.options import CommonOptions
    from iot_assets.decoders.sheet import Sheet


def read(message: Message, options: CommonOptions, sheet: Sheet) -> None:  # noqa: ARG001 - what every reader takes
    """Device name to an array of ``{"ts": …, "values": {…}}``, or of objects of values alone."""
    for device, told in message.json_object().items():
        for record in told if isinstance(told, list) else [told]:
            if not isinstance(record, dict):
                sheet.reject("not_an_object", f"{device[:60]}: a record is {type(record).__name__}")
                continue
            values = record.get("values")
            if "ts" in record and isinstance(values, dict):
                sheet.record(device, time=as_time(record["ts"]))
                measure_all(sheet, values)
            else:
                sheet.record(device)
                measure_all(sheet, record)
