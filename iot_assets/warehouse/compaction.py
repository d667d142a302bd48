"""Joining the lake's small landed files: a day's files of one lander start become few, sorted by message id.

Belongs here: which files, the join, the ledger. Does not: deleting before the grace time has passed. Only files that
the published ledger knows are joined, so that whoever subtracts that ledger from the lake never counts a message twice;
and only files whose message ids follow on one another, so that whatever lies within a joined file's ids is in it. The
space between two joined files is kept for one that may yet be found again.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta
from typing import Any

import duckdb
import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.errors import StorageError
from iot_assets.lake.landed import FOOTER_FIRST, FOOTER_LAST, FOOTER_ROWS, LANDED_SCHEMA, WRITING
from iot_assets.lake.paths import DataPaths, joined_path
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
    most_messages: int,
    grace: timedelta,
) -> Compacted:
    """Join the landed files of days older than ``after_days``, and delete those joined longer ago than the grace time.

    A joined file holds at most ``most_messages``, so that no rebuild has to take more than that at once.

    Raises:
        StorageError: the lake cannot be written; nothing was joined then.
        CorruptFileError: a file of the ledger is damaged by now; it and its day stay as they are.
    """
    before = datetime.now(UTC).date() - timedelta(days=after_days)
    joined = made = 0
    for day, lander, start in _groups(connection, before):
        files = rows(
            connection,
            "select file_id, path, rows, first_message_id, last_message_id from bronze.files where state = 'entered'"
            " and landed_on = ? and lander = ? and split_part(path, '-', -2) = ? and path in (select unnest(?))"
            " order by first_message_id",
            [day, lander, start, list(published)],
        )
        for run in _runs(files, most_messages):
            _join(connection, paths, run)
            joined += len(run)
            made += 1
    return Compacted(joined, made, _delete_joined(connection, paths, published, grace))


def _groups(connection: duckdb.DuckDBPyConnection, before: date) -> list[tuple[date, str, str]]:
    return connection.execute(
        "select landed_on, lander, split_part(path, '-', -2) as start from bronze.files"
        " where state = 'entered' and landed_on < ? group by all having count(*) > 1 order by all",
        [before],
    ).fetchall()


def _runs(files: list[dict[str, Any]], most: int) -> Iterator[list[dict[str, Any]]]:
    """Files to join: their ids follow on one another, they are at least two and hold at most so many messages."""
    run: list[dict[str, Any]] = []
    for file in files:
        follows = bool(run) and file["first_message_id"].int == run[-1]["last_message_id"].int + 1
        if not follows or sum(f["rows"] for f in run) + file["rows"] > most:
            if len(run) > 1:
                yield run
            run = []
        run.append(file)
    if len(run) > 1:
        yield run


def _join(connection: duckdb.DuckDBPyConnection, paths: DataPaths, files: list[dict[str, Any]]) -> None:
    path = joined_path(files[-1]["path"])
    target = paths.lake / path
    table = pa.concat_tables([read_landed(paths.lake / file["path"]) for file in files])
    ids = table.column("message_id")
    metadata = {
        FOOTER_ROWS: str(table.num_rows).encode(),
        FOOTER_FIRST: str(ids[0].as_py()).encode(),
        FOOTER_LAST: str(ids[-1].as_py()).encode(),
    }
    temporary = target.with_suffix(".tmp")
    try:
        pq.write_table(
            table.cast(LANDED_SCHEMA.with_metadata(metadata)),
            temporary,
            sorting_columns=[pq.SortingColumn(0)],
            **WRITING,
        )
        sync(temporary)
        temporary.replace(target)
        sync(target.parent)
        size = target.stat().st_size
    except OSError as error:
        raise StorageError("join landed files into", target, error) from error
    with transaction(connection):
        # Killed after the rename, an earlier attempt left a file that bronze has set aside as a copy, as which it was.
        connection.execute("delete from bronze.files where state = 'corrupt' and path = ?", [path])
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
    (paths.lake / "damaged" / path).unlink(missing_ok=True)


def _delete_joined(
    connection: duckdb.DuckDBPyConnection, paths: DataPaths, published: Collection[str], grace: timedelta
) -> int:
    """Delete joined files whose joined file is published and whole, after the grace time.

    Their rows stay in the ledger for as long as bronze holds messages that name them.
    """
    due = connection.execute(
        "select path, problem from bronze.files where state = 'compacted_into' and entered_at < ?",
        [datetime.now(UTC) - grace],
    ).fetchall()
    whole = _Whole(connection, paths, published)
    deleted = 0
    for path, into in due:
        file = paths.lake / path
        if file.exists() and whole.is_in_place(into):
            file.unlink()
            deleted += 1
    with transaction(connection):
        connection.execute(
            "delete from bronze.files where state = 'compacted_into' and last_received_at <"
            " (select coalesce(max(before_at), '-infinity') from ops.pruned) and entered_at < ?"
            " and file_id not in (select file_id from bronze.messages) and not list_contains(?, path)",
            [datetime.now(UTC) - grace, [path for path, _ in due if (paths.lake / path).exists()]],
        )
    return deleted


class _Whole:
    """Tells whether the file that others were joined into, or what that was joined into, is published and whole."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, paths: DataPaths, published: Collection[str]) -> None:
        self._paths, self._published = paths, published
        found = connection.execute("select path, state, problem, rows from bronze.files").fetchall()
        self._ledger = {path: (state, into, count) for path, state, into, count in found}
        self._known: dict[str, bool] = {}

    def is_in_place(self, path: str) -> bool:
        if path not in self._known:
            self._known[path] = self._look(path)
        return self._known[path]

    def _look(self, path: str) -> bool:
        state, into, count = self._ledger.get(path, (None, None, 0))
        if state == "compacted_into":
            return self.is_in_place(into)
        if state != "entered" or path not in self._published:
            return False
        try:
            return bool(pq.read_metadata(self._paths.lake / path).num_rows == count)
        except (OSError, pa.ArrowException):
            return False
