"""gold.rule_hits: putting new verdicts in the place of the old ones.

Belongs here: the exchange itself, which every kind of rule makes in the same way. Does not: verdicts.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import timedelta
from typing import Final

import duckdb

from iot_assets.warehouse import quality
from iot_assets.warehouse.connection import insert, scalar
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.spans import Span, apart, devices_of, spans_of, within
from iot_assets.warehouse.tables import RULE_HITS

#: Kinds that ask no neighbours; what such a rule excludes is nobody's neighbour.
ALONE: Final = ("range", "suspect_range", "sentinel")
ALONE_LISTED: Final = ", ".join(literal(kind) for kind in ALONE)
_KEY: Final = "device_id, metric, event_at, message_id, position, rule"


def begin(connection: duckdb.DuckDBPyConnection) -> None:
    """Forget what earlier exchanges on this connection have put."""
    connection.execute("create or replace temp table put_hits as select * from gold.rule_hits where false")
    connection.execute("create or replace temp table moved_hits as select device_id, metric from put_hits")


def stand(connection: duckdb.DuckDBPyConnection, kinds: Iterable[str], where: str, *, width: str) -> None:
    """Make ``standing``, the hits of these kinds in what ``where`` lists: (device_id, metric, bucket_at) of a width."""
    of_kinds = f"kind in ({', '.join(literal(kind) for kind in kinds)})"
    spans = apart(
        [Span(s.first, s.last + timedelta(**{f"{width}s": 1})) for s in spans_of(connection, where, "bucket_at")]
    )
    near = within(RULE_HITS.full_name, "event_at", spans, only=f"{of_kinds} and {devices_of(connection, where)}")
    connection.execute(
        f"create or replace temp table standing as select h.* from ({near}) h semi join {where} w"
        f" on w.device_id = h.device_id and w.metric = h.metric and w.bucket_at = {width}_of(h.event_at)"
    )


def but_for_excluded(readings: str, spans: list[Span], only: str) -> str:
    """A query for these readings, of the spans, without those that a rule about their value alone excludes."""
    hits = within(
        RULE_HITS.full_name, "event_at", spans, only=f"action = 'exclude' and kind in ({ALONE_LISTED}) and {only}"
    )
    return f"select * from ({readings}) anti join ({hits}) using (device_id, metric, event_at, message_id, position)"


def put(connection: duckdb.DuckDBPyConnection) -> None:
    """Put ``judged`` in the place of ``standing``; minutes whose exclusions change join ``dirty_minutes``."""
    if not scalar(connection, "select (select count(*) from standing) + (select count(*) from judged)"):
        return
    connection.execute(
        "create or replace temp table differing_hits as"
        " (from judged except from standing) union all (from standing except from judged)"
    )
    quality.outdate(connection, "select device_id, event_at as changed_at from differing_hits")
    connection.execute("insert into moved_hits select distinct device_id, metric from differing_hits")
    # Another rule may say the same of the reading, so that nothing changes; healing its minute again does no harm.
    connection.execute(
        "insert into dirty_minutes by name select device_id, metric, minute_of(event_at) as minute_at"
        " from differing_hits where action = 'exclude' except select * from dirty_minutes"
    )
    for span in spans_of(connection, "standing", "event_at"):
        connection.execute(
            f"delete from gold.rule_hits where {span.condition('event_at')}"
            f" and ({_KEY}) in (select ({_KEY}) from standing)"
        )
    insert(connection, "gold.rule_hits", "select * from judged order by event_at, device_id, metric")
    connection.execute("insert into put_hits by name from judged")
