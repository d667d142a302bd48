"""An answer's rows in the format that was asked for: JSON, CSV, NDJSON, Arrow IPC or Parquet.

Belongs here: choosing the format and writing rows in it. Does not: which rows (``reads``), a row as JSON
(``json_text``). In JSON, CSV and NDJSON
instants are ISO 8601 in UTC, bytes are Base64, and lists in CSV are words with spaces between; Arrow and Parquet keep
the types.
"""

from __future__ import annotations

import io
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from types import MappingProxyType
from typing import Final

import duckdb
import pyarrow as pa
import pyarrow.csv
import pyarrow.parquet as pq

from iot_assets.serving.api.json_text import columns_of, joined, json_rows, quoted
from iot_assets.serving.api.refused import RefusedError
from iot_assets.serving.reads.question import literal

#: Decimals of the seconds → how DuckDB writes an instant with them.
_TIMES: Final = MappingProxyType({3: "%Y-%m-%dT%H:%M:%S.%gZ", 6: "%Y-%m-%dT%H:%M:%S.%fZ"})
_BATCH: Final = 20_000


@dataclass(frozen=True, slots=True)
class Format:
    """One way to write rows. ``written`` gives the pieces of the body; its last argument is the decimals of seconds."""

    name: str
    media_type: str
    written: Callable[[duckdb.DuckDBPyConnection, str, int], Iterator[bytes]]


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
        return b"".join(form.written(writing, "select * from arrived", 6))


def _json(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    before = b"["
    for lines in json_rows(connection, rows, decimals):
        yield before + joined(lines, ",")
        before = b","
    yield b"]" if before == b"," else b"[]"


def _ndjson(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    for lines in json_rows(connection, rows, decimals):
        yield joined(lines, "\n") + b"\n"


def _csv(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    listed = ", ".join(
        f"{_worded(name, kind, decimals)} as {quoted(name)}" for name, kind in columns_of(connection, rows)
    )
    header = True
    for batch in _batches(connection, f"select {listed} from ({rows})"):
        buffer = io.BytesIO()
        options = pyarrow.csv.WriteOptions(include_header=header, quoting_style="needed")
        pyarrow.csv.write_csv(pa.Table.from_batches([batch]), buffer, options)
        header = False
        yield buffer.getvalue()


def _arrow(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    del decimals
    reader = connection.sql(rows).to_arrow_reader(_BATCH)
    buffer = io.BytesIO()
    with pa.ipc.new_stream(buffer, reader.schema) as writer:
        for batch in reader:
            writer.write_batch(batch)
            yield buffer.getvalue()
            buffer.seek(0)
            buffer.truncate()
    yield buffer.getvalue()


def _parquet(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    del decimals
    buffer = io.BytesIO()
    pq.write_table(connection.sql(rows).to_arrow_table(), buffer, compression="zstd")
    yield buffer.getvalue()


FORMATS: Final = MappingProxyType(
    {
        form.name: form
        for form in (
            Format("json", "application/json", _json),
            Format("csv", "text/csv", _csv),
            Format("ndjson", "application/x-ndjson", _ndjson),
            Format("arrow", "application/vnd.apache.arrow.stream", _arrow),
            Format("parquet", "application/vnd.apache.parquet", _parquet),
        )
    }
)


def _batches(connection: duckdb.DuckDBPyConnection, rows: str) -> Iterator[pa.RecordBatch]:
    reader = connection.execute(rows).to_arrow_reader(_BATCH)
    nothing = True
    for batch in reader:
        nothing = False
        yield batch
    if nothing:
        yield pa.RecordBatch.from_pylist([], schema=reader.schema)


def _plain(name: str, kind: str, decimals: int) -> str:
    """A column as JSON can say it."""
    if kind == "TIMESTAMP WITH TIME ZONE":
        return f"strftime({quoted(name)}, {literal(_TIMES[decimals])})"
    if kind == "BLOB":
        return f"base64({quoted(name)})"
    return quoted(name)


def _worded(name: str, kind: str, decimals: int) -> str:
    """A column as a cell of CSV."""
    return f"array_to_string({quoted(name)}, ' ')" if kind.endswith("[]") else _plain(name, kind, decimals)
