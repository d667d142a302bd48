"""From messages to readings, as the unit silver makes them, but for what only a publication knows.

Belongs here: decoding what is new with the births of what came before, and leaving redeliveries out. Does not: which
reading holds beside what is published (``beside``).
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from datetime import datetime
from typing import TYPE_CHECKING, Final, NamedTuple
from uuid import UUID

import pyarrow as pa
import pyarrow.compute as pc

from iot_assets.decoders.decode import connect, decode
from iot_assets.decoders.decoded import BIRTHS_SCHEMA, Bounds
from iot_assets.decoders.routes import RouteTable
from iot_assets.warehouse.arriving import told
from iot_assets.warehouse.connection import stage
from iot_assets.warehouse.queries import filled, query
from iot_assets.warehouse.redelivery import UNACKNOWLEDGED_SQL

if TYPE_CHECKING:
    from iot_assets.settings import Settings

#: A connection that ended did so within so many segments before the one in which the broker delivers again.
_SEGMENTS_BACK: Final = 20
_OF_REDELIVERY: Final = ("message_id", "source", "session", "packet_id", "topic", "payload", "received_at")


class KeptBirth(NamedTuple):
    """What messages of a topic are read with; those that arrived later are greater."""

    received_at: datetime
    message_id: UUID
    topic: str
    part: str
    value: bytes


class Decoding:
    """Decodes batch after batch; remembers the births that later messages are read with."""

    def __init__(self, settings: Settings) -> None:
        self._routes = RouteTable(settings.routes)
        self._bounds = Bounds(**settings.decode.model_dump())
        self._births: dict[tuple[str, str], KeptBirth] = {}
        self._connection = connect()

    def know(self, births: Iterable[KeptBirth]) -> None:
        """Remember these, where none that came later is known."""
        for birth in births:
            place = birth.topic, birth.part
            if place not in self._births or birth >= self._births[place]:
                self._births[place] = birth

    def readings(self, messages: pa.Table, before: Iterator[pa.Table]) -> pa.Table:
        """What these messages say, in the form of ``arriving`` before the registry has judged it.

        Args:
            messages: landed messages of one segment, in the order of arrival.
            before: what the same lander took, these messages included, the newest segment first; read if need be.
        """
        decoded = decode(messages, self._routes, self._bounds, self._known())
        born = zip(*decoded.births.to_pydict().values(), strict=True)
        self.know(
            KeptBirth(messages["received_at"][row].as_py(), messages["message_id"][row].as_py(), *birth)
            for row, *birth in born
        )
        with self._connection.cursor() as own:
            stage(own, "decoded_readings", told(decoded.readings, decoded.outcomes, messages))
            numbered = messages.append_column("row", pa.array(range(len(messages)), pa.int64()))
            stage(own, "batch", numbered)
            again = "create or replace temp table again as select * from batch where dup and packet_id > 0"
            ((count,),) = own.execute(again).fetchall()
            if count:
                packet_ids = messages.filter(pc.field("dup"))["packet_id"]
                stage(own, "nearby", _of_redelivery(before, packet_ids))
                files = "(select 0 as file_id, '' as lander)"
                nearby = "select *, 0 as file_id from nearby"
                own.execute("alter table again add column lander varchar default ''")
                own.execute(filled("silver/sessions", nearby=nearby, files=files))
                own.execute(filled("silver/redelivered", tails=nearby, files=files, unacknowledged=UNACKNOWLEDGED_SQL))
            else:
                own.execute("create or replace temp table redelivered as select message_id from again")
            named = query("silver/named")
            arriving = filled("silver/arriving", readings=f"({named})", redelivered="redelivered")
            return own.sql(arriving).to_arrow_table()

    def _known(self) -> pa.Table:
        rows = [(0, birth.topic, birth.part, birth.value) for birth in sorted(self._births.values())]
        columns = list(zip(*rows, strict=True)) or [()] * len(BIRTHS_SCHEMA)
        return pa.table([pa.array(c, f.type) for c, f in zip(columns, BIRTHS_SCHEMA, strict=True)], BIRTHS_SCHEMA)


def _of_redelivery(segments: Iterator[pa.Table], packet_ids: pa.ChunkedArray) -> pa.Table:
    """What telling a redelivery needs of the newest segments: messages of these ids, and each connection's last."""
    tables = []
    for table, _ in zip(segments, range(_SEGMENTS_BACK), strict=False):
        few = table.select(_OF_REDELIVERY)
        rows = pa.array(range(len(few)), pa.int64())
        last = few.append_column("row", rows).group_by(["source", "session"]).aggregate([("row", "max")])["row_max"]
        wanted = pc.is_in(few["packet_id"], value_set=packet_ids.combine_chunks())
        tables.append(few.filter(pc.or_(wanted, pc.is_in(rows, value_set=last.combine_chunks()))))
    return pa.concat_tables(tables)
