"""Lines of comma-separated values, a record a line; the options say which column is what.

Belongs here: rows and columns, whatever the separator. Does not: fixed meanings of columns (``smartrest``).
"""

from __future__ import annotations

import csv
import io
from typing import TYPE_CHECKING, Final

from pydantic import Field

from iot_assets.decoders.options import CommonOptions, Names
from iot_assets.decoders.sheet import Unreadable
from iot_assets.decoders.written import value

if TYPE_CHECKING:
    from iot_assets.decoders.by_message import Message
    from iot_assets.decoders.sheet import Sheet

_SHOWN: Final = 60


class CsvOptions(CommonOptions):
    """What stands in which column. Columns that are not named here are metrics, unless there is a value_field."""

    columns: Names = Field(
        default=(),
        description="Names of the columns; empty where the first line of each message names them.",
    )
    delimiter: str = Field(default=",", pattern=r'^[^"\r\n]$', description="What stands between two cells.")
    decimal_comma: bool = Field(default=False, description="Whether 1,5 is one and a half.")
    device_field: Names = Field(
        default=("device_id", "deviceId", "device", "sensor_id", "sensorId", "id"),
        description="Column that names the device; of several the first that is there.",
    )
    time_field: Names = Field(
        default=("timestamp", "time", "ts", "datetime", "dt", "event_at"),
        description="Column that holds the time; without one, the received time counts.",
    )
    value_field: Names = Field(default=(), description="Column that holds the value of a line that measures one thing.")
    metric_field: Names = Field(default=(), description="With value_field: column that names the metric.")
    metric: str = Field(
        default="value",
        min_length=1,
        max_length=200,
        description="With value_field: the metric where no column names it.",
    )
    unit_field: Names = Field(default=(), description="With value_field: column that holds the unit.")


def read(message: Message, options: CsvOptions, sheet: Sheet) -> None:
    """One message: any number of lines."""
    rows = csv.reader(io.StringIO(message.text(), newline=""), delimiter=options.delimiter)
    columns = options.columns
    try:
        for row in rows:
            cells = [cell.strip() for cell in row]
            if not any(cells) or tuple(cells) == columns:
                continue
            if not columns:
                columns = tuple(cells)
            elif len(cells) == len(columns):
                _row(cells, columns, options, sheet)
            else:
                counts = f"{len(cells)} cells for {len(columns)} columns"
                sheet.reject("malformed_line", f"line {rows.line_num}: {counts}: {','.join(row)[:_SHOWN]!r}")
    except csv.Error as error:
        raise Unreadable("malformed_line", f"line {rows.line_num}: {error}") from error


def _row(cells: list[str], columns: tuple[str, ...], options: CsvOptions, sheet: Sheet) -> None:
    row = dict(zip(columns, cells, strict=True))

    def of(names: tuple[str, ...]) -> str | None:
        return next((row[name] for name in names if row.get(name)), None)

    sheet.record(of(options.device_field), time=of(options.time_field))
    if options.value_field:
        measured = {of(options.metric_field) or options.metric: of(options.value_field) or ""}
    else:
        named = {*options.device_field, *options.time_field}
        measured = {name: cell for name, cell in row.items() if name not in named}
    unit = of(options.unit_field) if options.value_field else None
    for metric, cell in measured.items():
        found = value(cell.replace(",", ".") if options.decimal_comma else cell)
        sheet.measure(metric, cell if isinstance(found, str) else found, unit)
