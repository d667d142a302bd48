"""Joining the lake's small landed files: a day's files of one lander start become one, sorted by message id.

Belongs here: which files, the join, the ledger. Does not: deleting before the grace time has passed. Only files that
the published ledger knows are joined, so that whoever subtracts that ledger from the lake never counts a message twice.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from pathlib import Path

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.errors import StorageError
from iot_assets.lake.landed import FOOTER_FIRST, FOOTER_LAST, FOOTER_ROWS, LANDED_SCHEMA
from iot_assets.lake.paths import DataPaths
from iot_assets.warehouse.bronze import read_landed
from iot_assets.warehouse.connection import rows, scalar, transaction
from iot_assets.warehouse.durable import sync


@dataclass(frozen=True, slots=True)
class Compacted:
    """Files joined, files made, files deleted."""

    joined: int
    made: int
    deleted: int


def compact_landed(
    connection: duckdb.DuckDBPyConnection,
    paths: DataPaths,
    *,
    published: Collection[str],
    after_days: int,
    grace: timedelta,
) -> Compacted:
    """Join the landed files of days older than ``after_days``, and delete those joined longer ago than the grace time.

    Raises:
        StorageError: the lake cannot be written; nothing was joined then.
        CorruptFileError: a file of the ledger is damaged by now; it and its day stay as they are.
    """
    before = datetime.now(UTC).date() - timedelta(days=after_days)
    joined = made = 0
    for day, lander, start in _groups(connection, before):
        files = rows(
            connection,
            "select file_id, path, rows from bronze.files where state = 'entered' and landed_on = ? and lander = ?"
            " and split_part(path, '-', -2) = ? order by first_message_id",
            [day, lander, start],
        )
        if len(files) < 2 or not all(file["path"] in published for file in files):
            continue
        _join(connection, paths, files)
        joined += len(files)
        made += 1
    return Compacted(joined, made, _delete_joined(connection, paths, grace))


def _groups(connection: duckdb.DuckDBPyConnection, before: date) -> list[tuple[date, str, str]]:
    return connection.execute(
        "select landed_on, lander, split_part(path, '-', -2) as start from bronze.files"
        " where state = 'entered' and landed_on < ? group by all having count(*) > 1 order by all",
        [before],
    ).fetchall()


def _join(connection: duckdb.DuckDBPyConnection, paths: DataPaths, files: list[dict[str, object]]) -> None:
    # The name is of the last file with a number no segment has, so that names keep sorting and none is taken.
    last = str(files[-1]["path"])
    path = f"{Path(last).parent.as_posix()}/{Path(last).stem}0000.parquet"
    target = paths.lake / path
    table = pa.concat_tables([read_landed(paths.lake / str(file["path"])) for file in files])
    ids = table.column("message_id")
    metadata = {
        FOOTER_ROWS: str(table.num_rows).encode(),
        FOOTER_FIRST: str(ids[0].as_py()).encode(),
        FOOTER_LAST: str(ids[-1].as_py()).encode(),
    }
    temporary = target.with_suffix(".tmp")
    try:
        pq.write_table(
            table.cast(LANDED_SCHEMA.with_metadata(metadata)), temporary, compression="zstd", write_page_checksum=True
        )
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
        size = target.stat().st_size
    except OSError as error:
        raise StorageError("join landed files into", target, error) from error
    with transaction(connection):
        file_id = int(scalar(connection, "select max(file_id) + 1 from bronze.files"))
        listed = ", ".join(str(file["file_id"]) for file in files)
        connection.execute(
            "insert into bronze.files by name select ?::bigint as file_id, ? as path, min(lander) as lander,"
            " min(landed_on) as landed_on, 'entered' as state, null as problem, sum(rows)::bigint as rows,"
            " ?::bigint as bytes, min(first_message_id) as first_message_id, max(last_message_id) as last_message_id,"
            " min(first_received_at) as first_received_at, max(last_received_at) as last_received_at,"
            f" now() as entered_at, max(batch_id) as batch_id from bronze.files where file_id in ({listed})",
            [file_id, path, size],
        )
        connection.execute(
            "update bronze.files set state = 'compacted_into', problem = ?, entered_at = now()"
            f" where file_id in ({listed})",
            [path],
        )


def _delete_joined(connection: duckdb.DuckDBPyConnection, paths: DataPaths, grace: timedelta) -> int:
    """Delete joined files; their rows stay in the ledger for as long as bronze holds messages that name them."""
    due = connection.execute(
        "select path from bronze.files where state = 'compacted_into' and entered_at < ?",
        [datetime.now(UTC) - grace],
    ).fetchall()
    deleted = 0
    for (path,) in due:
        file = paths.lake / path
        if file.exists():
            file.unlink()
            deleted += 1
    with transaction(connection):
        connection.execute(
            "delete from bronze.files where state = 'compacted_into' and last_received_at <"
            " (select coalesce(max(before_at), '-infinity') from ops.pruned) and entered_at < ?",
            [datetime.now(UTC) - grace],
        )
    return deleted
