"""An answer's rows in the format that was asked for: JSON, CSV, NDJSON, Arrow IPC or Parquet.

Belongs here: choosing the format and writing rows in it. Does not: which rows (``reads``). In JSON, CSV and NDJSON
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


def json_lines(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[str]:
    """Each row of a query as a JSON object."""
    listed = ", ".join(
        f"{_quoted(name)} := {_plain(name, kind, decimals)}" for name, kind in _columns(connection, rows)
    )
    for batch in _batches(connection, f"select to_json(struct_pack({listed}))::varchar as line from ({rows})"):
        yield from batch.column(0).to_pylist()


def _json(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    yield b"["
    between, piece = "", []
    for number, line in enumerate(json_lines(connection, rows, decimals), 1):
        piece.append(between + line)
        between = ","
        if number % _BATCH == 0:
            yield "".join(piece).encode()
            piece = []
    yield "".join(piece).encode() + b"]"


def _ndjson(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    for line in json_lines(connection, rows, decimals):
        yield line.encode() + b"\n"


def _csv(connection: duckdb.DuckDBPyConnection, rows: str, decimals: int) -> Iterator[bytes]:
    listed = ", ".join(
        f"{_worded(name, kind, decimals)} as {_quoted(name)}" for name, kind in _columns(connection, rows)
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


def _columns(connection: duckdb.DuckDBPyConnection, rows: str) -> list[tuple[str, str]]:
    return [(name, str(kind)) for name, kind, *_ in connection.execute(f"describe {rows}").fetchall()]


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
        return f"strftime({_quoted(name)}, {literal(_TIMES[decimals])})"
    if kind == "BLOB":
        return f"base64({_quoted(name)})"
    return _quoted(name)


def _worded(name: str, kind: str, decimals: int) -> str:
    """A column as a cell of CSV."""
    return f"array_to_string({_quoted(name)}, ' ')" if kind.endswith("[]") else _plain(name, kind, decimals)


def _quoted(name: str) -> str:
    return '"' + name.replace('"', '""') + '"'
