"""The write unit bronze: every landed file is entered exactly once, messages and ledger in one transaction.

Belongs here: finding new files, proving each whole, entering them. Does not: decoding.
"""

from __future__ import annotations

import logging
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from uuid import UUID

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.errors import CorruptFileError
from iot_assets.lake.landed import FOOTER_FIRST, FOOTER_LAST, FOOTER_ROWS, LANDED_SCHEMA
from iot_assets.lake.paths import DataPaths, LandedFile, list_landed
from iot_assets.warehouse import contract, ledger
from iot_assets.warehouse.connection import lent, pace, rows, scalar, stage, transaction
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.queries import filled, query
from iot_assets.warehouse.spans import ordered, spans_of, within
from iot_assets.warehouse.tables import FILES, MESSAGES

_log = logging.getLogger(__name__)


@dataclass(frozen=True, slots=True)
class Entered:
    """What one transaction of bronze brought in."""

    batch_id: int
    files: int
    corrupt: int
    messages: int
    bytes: int
    checks: list[CheckResult]


@dataclass(frozen=True, slots=True)
class _Read:
    """One file as read: its table, or what is wrong with it."""

    file: LandedFile
    table: pa.Table | None
    problem: str | None


def enter(
    connection: duckdb.DuckDBPyConnection, paths: DataPaths, *, run_id: str, most_messages: int
) -> Iterator[Entered]:
    """Enter the files that the ledger does not know yet, a transaction a batch of at most ``most_messages``.

    Files of one lander are entered in the order they were sealed. A damaged file is recorded with what is wrong with
    it, moved to ``lake/damaged``, and does not hold up the rest.
    """
    waiting = unentered(connection, paths)
    while waiting:
        batch: list[_Read] = []
        count = 0
        while waiting and (count < most_messages or not batch):
            file = waiting.pop(0)
            if (read := _read(paths.lake / file.path, file)) is None:
                continue
            batch.append(read)
            count += read.table.num_rows if read.table is not None else 0
        if batch:
            yield _write(connection, paths, batch, run_id)


def unentered(connection: duckdb.DuckDBPyConnection, paths: DataPaths) -> list[LandedFile]:
    """Landed files that are not in the ledger; a file that was damaged and lies there again counts as new."""
    known = {row[0] for row in connection.execute("select path from bronze.files where state <> 'corrupt'").fetchall()}
    new = [file for file in list_landed(paths) if file.path not in known]
    # A joined file goes before what it was joined from, some of which may be gone already.
    joined = sorted((file for file in new if file.joined), key=lambda file: _span(paths.lake / file.path))
    return joined + sorted(file for file in new if not file.joined)


def _span(path: Path) -> tuple[int, int]:
    """For sorting by content: the first message id, and the last, so that what holds others comes before them."""
    try:
        footer = pq.read_metadata(path).metadata or {}
        return UUID(footer[FOOTER_FIRST].decode()).int, -UUID(footer[FOOTER_LAST].decode()).int
    except (OSError, pa.ArrowException, KeyError, ValueError):
        return 0, 0  # gone or damaged, as is found when it is read


def read_landed(path: Path) -> pa.Table:
    """One landed file, proven whole: Parquet's own page checksums, the fixed schema, the row count of the footer.

    Raises:
        CorruptFileError: it is not what the lander wrote.
        FileNotFoundError: it is gone.
    """
    try:
        with pq.ParquetFile(path, page_checksum_verification=True) as file:
            expected = (file.schema_arrow.metadata or {}).get(FOOTER_ROWS)
            table = file.read()
    except FileNotFoundError:
        raise
    except (pa.ArrowException, OSError, ValueError) as error:
        raise CorruptFileError(path, " ".join(str(error).split())) from error
    missing = [name for name in LANDED_SCHEMA.names if name not in table.schema.names]
    if missing:
        raise CorruptFileError(path, f"it lacks the columns {', '.join(missing)}")
    table = table.select(LANDED_SCHEMA.names)
    if not table.schema.remove_metadata().equals(LANDED_SCHEMA):
        raise CorruptFileError(path, f"its columns have other types: {table.schema.remove_metadata()}")
    if expected is not None and int(expected) != table.num_rows:
        raise CorruptFileError(path, f"it holds {table.num_rows} rows, its footer says {int(expected)}")
    return table


def checks_without_news(connection: duckdb.DuckDBPyConnection) -> list[CheckResult]:
    """The checks of a run that entered nothing."""
    return _checks(connection, batch_id=-1)


def _read(path: Path, file: LandedFile) -> _Read | None:
    try:
        return _Read(file, read_landed(path), None)
    except FileNotFoundError:
        return None  # compacted or pruned since it was listed; the next listing tells
    except CorruptFileError as error:
        _log.error("landed file set aside: %s", error)
        return _Read(file, None, error.why)


def _write(connection: duckdb.DuckDBPyConnection, paths: DataPaths, batch: list[_Read], run_id: str) -> Entered:
    pace(connection, sum(r.table.num_rows for r in batch if r.table is not None))
    first_id = int(scalar(connection, "select coalesce(max(file_id), 0) + 1 from bronze.files"))
    tables = [
        r.table.append_column("file_id", pa.array([first_id + i] * r.table.num_rows, pa.int64()))
        for i, r in enumerate(batch)
        if r.table is not None
    ]
    empty = LANDED_SCHEMA.append(pa.field("file_id", pa.int64())).empty_table()
    with lent(connection, "arriving_messages", pa.concat_tables([empty, *tables])), transaction(connection):
        batch_id = ledger.next_batch_id(connection)
        stage(connection, "arriving_files", _ledger_rows(batch, first_id))
        connection.execute(f"create or replace temp table batch as select {batch_id}::bigint as batch_id")
        connection.execute(query("bronze/files"))
        connection.execute(
            filled("bronze/messages", ordered=ordered(connection, "arriving_messages", "received_at", "message_id"))
        )
        checks = _checks(connection, batch_id)
        contract.judge(checks)
        messages = int(scalar(connection, "select count(*) from bronze.messages where batch_id = ?", [batch_id]))
        ledger.mark(connection, "bronze", batch_id, run_id, messages)
        damaged = rows(
            connection, "select path, problem from bronze.files where batch_id = ? and state = 'corrupt'", [batch_id]
        )
    for row in damaged:
        _set_aside(paths, row["path"])
    return Entered(
        batch_id, len(batch), len(damaged), messages, sum(r.file.bytes for r in batch if r.table is not None), checks
    )


def _ledger_rows(batch: list[_Read], first_id: int) -> pa.Table:
    return pa.table(
        {
            "file_id": pa.array([first_id + i for i in range(len(batch))], pa.int64()),
            "path": pa.array([r.file.path for r in batch], pa.string()),
            "lander": pa.array([r.file.lander for r in batch], pa.string()),
            "landed_on": pa.array([r.file.landed_on for r in batch], pa.date32()),
            "bytes": pa.array([r.file.bytes for r in batch], pa.int64()),
            "problem": pa.array([r.problem for r in batch], pa.string()),
        }
    )


def _set_aside(paths: DataPaths, path: str) -> None:
    """Move a damaged file to where no reader of the lake trips over it; if that fails it is tried again next run."""
    source = paths.lake / path
    # Its folders too: a file of the same name may have been set aside before, and neither may go.
    target = paths.lake / "damaged" / path
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        source.replace(target)
    except OSError as error:
        _log.warning("cannot move the damaged file %s aside: %s", source, error)


def _checks(connection: duckdb.DuckDBPyConnection, batch_id: int) -> list[CheckResult]:
    connection.execute(
        f"create or replace temp table batch_messages as"
        f" select message_id, received_at from bronze.messages where batch_id = {batch_id}"
    )
    nearby = within(
        "bronze.messages", "received_at", spans_of(connection, "batch_messages", "received_at"), select="message_id"
    )
    among = f"select * from ({nearby}) where message_id in (select message_id from batch_messages)"
    written = "select * from {} where batch_id = " + str(batch_id)
    return [
        contract.contract(
            connection, FILES, among="select path from bronze.files", written=written.format("bronze.files")
        ),
        contract.contract(connection, MESSAGES, among=among, written=written.format("bronze.messages")),
    ]
