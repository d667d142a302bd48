"""``python -m iot_assets.serving.api.sql_child``: the process in which queries of ``POST /sql`` run, one by one.

Whatever a query does to it, a process can be ended from outside, and only the operating system's bound of memory holds
for all that DuckDB allocates: a single value does not count against DuckDB's own. A line of JSON comes in for each
query; a line goes out when it begins, another when it is done, and the body. Belongs here: running one query. Does not:
whose turn it is, and ending what takes too long (``sql``).
"""

from __future__ import annotations

import contextlib
import faulthandler
import json
import resource
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, BinaryIO, Final

import duckdb

from iot_assets.serving.api import formats

#: Besides DuckDB's bound, twice which a query may take since its rows are written out: for what else a process needs.
_ROOM_BYTES: Final = 256 << 20
#: If nobody ends this process when a query has taken too long, it ends itself so much later.
_ORPHANED_SECONDS: Final = 5.0
_UNITS: Final = {"K": 1, "M": 2, "G": 3, "T": 4}


class _WrongError(Exception):
    """The query is refused; the sentence says why."""


def main() -> None:
    """Answer until nobody asks any more."""
    bounds: dict[str, Any] = json.loads(sys.argv[1])
    asked, told = sys.stdin.buffer, sys.stdout.buffer
    _bound_memory(bounds["memory_limit"])
    _tell(told, {})
    for line in asked:
        try:
            said = json.loads(line)
            with _database(Path(bounds["serving"]), bounds["memory_limit"]) as connection:
                _tell(told, {})  # from here on it is the query that takes its time
                faulthandler.dump_traceback_later(bounds["seconds"] + _ORPHANED_SECONDS, exit=True)
                body, truncated = _answer(connection, said["sql"], formats.FORMATS[said["format"]], bounds["rows"])
        except (duckdb.OutOfMemoryException, MemoryError):
            why = f"the query needs more than {bounds['memory_limit']} of memory"
            _tell(told, {"error": why, "last": True})
            return  # what it had is given back with the process
        except (_WrongError, duckdb.Error) as error:
            _tell(told, {"error": str(error)})
        else:
            _tell(told, {"bytes": len(body), "truncated": truncated}, body)
        faulthandler.cancel_dump_traceback_later()


def _answer(connection: duckdb.DuckDBPyConnection, sql: str, form: formats.Format, most: int) -> tuple[bytes, bool]:
    query = _single(connection, sql)
    found = connection.sql(f"select * from (\n{query}\n) limit {most + 1}").to_arrow_table()
    return formats.of_table(form, found.slice(0, most)), found.num_rows > most


@contextlib.contextmanager
def _database(serving: Path, memory_limit: str) -> Iterator[duckdb.DuckDBPyConnection]:
    """One of its own for each query, opened read-only, with nothing outside within reach."""
    config: dict[str, str | bool | int | float | list[str]] = {
        "memory_limit": memory_limit,
        "threads": 1,
        "autoinstall_known_extensions": False,
        "autoload_known_extensions": False,
        "allow_community_extensions": False,
        "temp_directory": "",
        "max_temp_directory_size": "0GB",
        "python_enable_replacements": False,
    }
    with duckdb.connect(":memory:", config=config) as connection:
        name = str(serving).replace("'", "''")
        lake = str(serving.parent / "lake").replace("'", "''")
        connection.execute(f"attach '{name}' as serving (read_only); use serving; set TimeZone = 'UTC'")
        # The views over closed days read the lake's files, so these two folders, and nothing else.
        connection.execute(f"set allowed_directories = ['{lake}/silver', '{lake}/gold']")
        connection.execute("set enable_external_access = false; set lock_configuration = true")
        yield connection


def _single(connection: duckdb.DuckDBPyConnection, sql: str) -> str:
    statements = connection.extract_statements(sql)
    if len(statements) != 1:
        raise _WrongError(f"one query at a time, please; these are {len(statements)}")
    if statements[0].type != duckdb.StatementType.SELECT:
        raise _WrongError(f"only queries are answered here; this is {statements[0].type.name}")
    return statements[0].query.strip().rstrip(";")


def _bound_memory(limit: str) -> None:
    """No more than DuckDB may have, twice, beyond what this process has already."""
    if sys.platform != "linux":
        return  # elsewhere the operating system does not keep such a bound
    number = limit.rstrip("Bi")
    allowed = int(float(number[:-1]) * 1024 ** _UNITS[number[-1]])
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[5])
    most = pages * resource.getpagesize() + 2 * allowed + _ROOM_BYTES
    resource.setrlimit(resource.RLIMIT_DATA, (most, most))


def _tell(told: BinaryIO, head: dict[str, Any], body: bytes = b"") -> None:
    told.write(json.dumps(head).encode() + b"\n" + body)
    told.flush()


if __name__ == "__main__":
    main()
