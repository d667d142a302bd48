"""The tail as of now, handed over to a program of its own: files, and a script by which DuckDB shows them.

Belongs here: what such a program is given. Does not: starting it (``cli/shell``), keeping up to date (``live``).
"""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple

from iot_assets.lake.paths import DataPaths
from iot_assets.serving.live.tail import Tail
from iot_assets.serving.live.texts import text_of
from iot_assets.serving.pool import PublishedPool

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets.settings import Settings

_TABLES: Final = ("added", "corrected", "replaced", "newest")
#: As one asks for them in a shell.
_VIEWS: Final = "".join(
    f"create temp view live_{name} as from memory.live.{name};\n" for name in ("readings", "corrections", "latest")
)


class Handed(NamedTuple):
    """What was handed over."""

    script: Path
    """To be read where the publication is attached as ``serving``, and ``memory`` can be written."""
    readings: int
    newest_at: datetime | None
    """When the newest message that is not published was received."""


def hand_over(settings: Settings, folder: Path) -> Handed:
    """Look once, and write what was found to this folder.

    Raises:
        QuestionError: nothing is published yet.
    """
    pool = PublishedPool(DataPaths(settings.data_dir), memory_limit=settings.server.memory_limit)
    tail = Tail(settings, pool)
    try:
        tail.look()
        with tail.cursor() as cursor:
            for table in _TABLES:
                cursor.execute(f"copy memory.live.{table} to '{_file(folder, table)}'")
            ((count, newest_at),) = cursor.execute(
                "select count(*), max(received_at) from memory.live.added"
            ).fetchall()
            ((published_at,),) = cursor.execute("select max(published_at) from ops.published").fetchall()
    finally:
        tail.close()
        pool.close()
    script = folder / "live.sql"
    script.write_text(text_of("beside") + _loading(folder, published_at) + _VIEWS, encoding="utf-8")
    return Handed(script, count, newest_at)


def _loading(folder: Path, published_at: datetime) -> str:
    # Whoever meets a newer publication than was looked at would see twice what that one has taken over.
    same = f"exists (from serving.ops.published where published_at = '{published_at.isoformat()}')"
    return "".join(
        f"insert into memory.live.{table} from read_parquet('{_file(folder, table)}') where {same};\n"
        for table in _TABLES
    )


def _file(folder: Path, table: str) -> str:
    return str(folder / f"{table}.parquet").replace("'", "''")
