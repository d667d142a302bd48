"""The tail beside one publication: settled by the rules of the runs against what that very publication contains.

Belongs here: the tables of the tail in that publication's database, and keeping them. Does not: when (``tail``).
"""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import TYPE_CHECKING

import pyarrow as pa
import pyarrow.parquet as pq

from iot_assets.serving.live.decoding import KeptBirth
from iot_assets.serving.live.news import News, news_of
from iot_assets.serving.live.segments import Segment, segment_of
from iot_assets.serving.live.texts import text_of
from iot_assets.warehouse.connection import transaction
from iot_assets.warehouse.queries import filled
from iot_assets.warehouse.settle import weigh

if TYPE_CHECKING:
    from iot_assets.serving.pool import Copy


class Beside:
    """A publication, and what the tail adds to it; only one thread may add."""

    def __init__(self, copy: Copy) -> None:
        self.copy = copy
        self.additions = 0
        self._cursor = copy.connection.cursor()
        self._cursor.execute("use serving; set TimeZone = 'UTC'")
        self._cursor.execute(text_of("beside"))
        paths = self._cursor.execute("select path from bronze.files").fetchall()
        self.published: frozenset[Segment] = frozenset(s for (path,) in paths if (s := segment_of(path)) is not None)

    @property
    def version(self) -> str:
        """Differs whenever something else is seen."""
        return f"{self.copy.version}+{self.additions}"

    def births(self) -> list[KeptBirth]:
        """What messages of each topic are read with, as of this publication."""
        if "ops.births" not in self.copy.tables:
            return []
        found = self._cursor.execute("select received_at, message_id, topic, part, value from ops.births").fetchall()
        return [KeptBirth(*row) for row in found]

    def add(self, unjudged: list[pa.Table], *, anew: bool = False) -> None:
        """Settle these readings; ``anew`` says that they are the whole tail. Who asks sees all of that or nothing."""
        if unjudged:
            self._stage(pa.concat_tables(unjudged))
        with transaction(self._cursor):
            if anew:
                self._cursor.execute(text_of("emptied"))
            if unjudged:
                self._cursor.execute(filled("silver/judged", judged="arriving", unjudged="unjudged"))
                weigh(self._cursor, "-1", schema="memory.live")
                self._cursor.execute(text_of("kept"))
        self.additions += 1

    def _stage(self, unjudged: pa.Table) -> None:
        with tempfile.TemporaryDirectory(prefix="iot-live-") as folder:
            # A file and no Python object: to read one of those DuckDB needs the interpreter, and threads that ask the
            # same database would block one another for ever.
            file = Path(folder) / "unjudged.parquet"
            pq.write_table(unjudged, file, compression="none")
            name = str(file).replace("'", "''")
            self._cursor.execute(f"create or replace temp table unjudged as from read_parquet('{name}')")

    def news(self) -> list[News]:
        """What the last addition has brought to light, in the order of arrival."""
        return news_of(self._cursor, "settled", "holds and place = 'new'")

    def close(self) -> None:
        """Add no more."""
        self._cursor.close()
