"""An answer's rows in the format that was asked for: JSON, CSV, NDJSON, Arrow IPC or Parquet.

Belongs here: choosing the format and writing rows in it. Does not: which rows (``reads``), a row as JSON
(``json_text``). In JSON, CSV and NDJSON
instants are ISO 8601 in UTC, bytes are Base64, and lists in CSV are words with spaces between; Arrow and Parquet keep
the types.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any, Final

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from iot_assets.serving.api import json_text
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.reads.question import literal

#: Decimals of the seconds → how DuckDB writes an instant with them.
_TIMES: Final = MappingProxyType({3: "%Y-%m-%dT%H:%M:%S.%gZ", 6: "%Y-%m-%dT%H:%M:%S.%fZ"})
MICROS: Final = 6
_BATCH: Final = 20_000


#: Name and type of each column of a query.
Columns = list[tuple[str, str]]


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write rows. The last argument of both functions is the decimals of seconds."""

    name: str
    media_type: str
    selected: Callable[[str, str, int], str]
    """From a column's name, quoted, and its type to what DuckDB gives of it."""
    pieces: Callable[[pa.RecordBatchReader, Columns, int], Iterator[bytes]]
    """From what DuckDB has given to the pieces of the body."""

    def query(self, rows: str, columns: Columns, decimals: int = MICROS) -> str:
        """A query for what ``pieces`` takes, of the rows of a query with these columns."""
        listed = ", ".join(f"{self.selected(quoted(name), kind, decimals)} as {quoted(name)}" for name, kind in columns)
        return f"select {listed} from ({rows})"

    def of(self, table: pa.Table, columns: Columns, decimals: int = MICROS) -> Iterator[bytes]:
        """The body, piece by piece, of rows that ``query`` has given."""
        return self.pieces(table.to_reader(_BATCH), columns, decimals)

    def streamed(self, connection: duckdb.DuckDBPyConnection, rows: str, decimals: int = MICROS) -> Iterator[bytes]:
        """The body of a query's rows, piece by piece."""
        columns = columns_of(connection, rows)
        reader = connection.sql(self.query(rows, columns, decimals)).to_arrow_reader(_BATCH)
        return self.pieces(reader, columns, decimals)


def columns_of(
    connection: duckdb.DuckDBPyConnection, rows: str, parameters: Mapping[str, Any] | None = None
) -> Columns:
    """Name and type of each column of a query."""
    described = connection.execute(f"describe {rows}", dict(parameters or {})).fetchall()
    return [(name, str(kind)) for name, kind, *_ in described]


def quoted(name: str) -> str:
    """A column's name as SQL writes it."""
    return '"' + name.replace('"', '""') + '"'


def chosen(name: str | None, accept: str) -> Format:
    """The format that is named, else the first one known that the header Accept lists, else JSON.

    Raises:
        RefusedError: it is none of those known.
    """
    if name is not None:
        if name not in FORMATS:
            raise RefusedError(400, f"format={name!r} is none of {', '.join(FORMATS)}")
        return FORMATS[name]
    wanted = [part.partition(";")[0].strip().lower() for part in accept.split(",")]
    for kind in wanted:
        for form in FORMATS.values():
            if kind == form.media_type:
                return form
    return FORMATS["json"]


def of_table(form: Format, table: pa.Table) -> bytes:
    """A table as a body."""
    # In a database of its own: threads that ask the same one would block one another for ever over an Arrow table.
    with duckdb.connect(":memory:") as writing:
        writing.execute("set TimeZone = 'UTC'")
        writing.register("arrived", table)
        return b"".join(form.streamed(writing, "select * from arrived"))


def _json(reader: pa.RecordBatchReader, columns: Columns, decimals: int) -> Iterator[bytes]:
    before = b"["
    for batch in reader:
        if batch.num_rows:
            yield before
            yield json_text.joined(json_text.written(batch, columns, decimals), ",")
            before = b","
    yield b"]" if before == b"," else b"[]"


def _ndjson(reader: pa.RecordBatchReader, columns: Columns, decimals: int) -> Iterator[bytes]:
    for batch in reader:
        if batch.num_rows:
            yield json_text.joined(json_text.written(batch, columns, decimals), "\n") + b"\n"


def _csv(reader: pa.RecordBatchReader, columns: Columns, decimals: int) -> Iterator[bytes]:
    del columns, decimals
    buffer = io.BytesIO()
    options = pyarrow.csv.WriteOptions(quoting_style="needed")
    with pyarrow.csv.CSVWriter(buffer, reader.schema, write_options=options) as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield _taken(buffer)
    yield _taken(buffer)


def _arrow(reader: pa.RecordBatchReader, columns: Columns, decimals: int) -> Iterator[bytes]:
    del columns, decimals
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield _taken(buffer)
    yield _taken(buffer)


def _parquet(reader: pa.RecordBatchReader, columns: Columns, decimals: int) -> Iterator[bytes]:
    del columns, decimals
    buffer = io.BytesIO()
    pq.write_table(reader.read_all(), buffer, compression="zstd")
    yield buffer.getvalue()


def _taken(buffer: io.BytesIO) -> bytes:
    piece = buffer.getvalue()
    buffer.seek(0)
    buffer.truncate()
    return piece


def _as_it_is(column: str, kind: str, decimals: int) -> str:
    del kind, decimals
    return column


def _worded(column: str, kind: str, decimals: int) -> str:
    """A column as a cell of CSV."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({column}, {literal(_TIMES[decimals])})"
    if kind == "BLOB":
        return f"base64({column})"
    if kind == "UUID":
        return f"{column}::varchar"
    return f"array_to_string({column}, ' ')" if kind.endswith("[]") else column


FORMATS: Final = MappingProxyType(
    {
        form.name: form
        for form in (
            Format("json", "application/json", json_text.selected, _json),
            Format("csv", "text/csv", _worded, _csv),
            Format("ndjson", "application/x-ndjson", json_text.selected, _ndjson),
            Format("arrow", "application/vnd.apache.arrow.stream", _as_it_is, _arrow),
            Format("parquet", "application/vnd.apache.parquet", _as_it_is, _parquet),
        )
    }
)
