"""Whatever is moved, joined, published or replayed on the way, the tables are what the oracle says, to the bit.

The stories of ``test_any_history``, and between their steps what keeps the house small: export and eviction, joining
landed files, publication, replay, each perhaps killed at some statement. The long run is asked for as there.
"""

from __future__ import annotations

import shutil
import tempfile
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.serving.ledger import published_paths
from iot_assets.warehouse import births, export, silver
from iot_assets.warehouse.compaction import compact_landed
from iot_assets.warehouse.publish import publish
from iot_assets.warehouse.replay import Choice, open_rejects
from iot_assets_tests import oracle
from iot_assets_tests.house import RUN, house_in
from iot_assets_tests.keeping import but_for_bookkeeping, published, tables_with_lake
from iot_assets_tests.warehouse.plain import decode_plainly, seen
from iot_assets_tests.warehouse.stories import Story, stories
from iot_assets_tests.warehouse.test_any_history import EXAMPLES, LONG, Dying, KilledError, Platform, _files

if TYPE_CHECKING:
    import duckdb

    from iot_assets_tests.house import House

_AT_ONCE: Final = timedelta(0)


@dataclass(frozen=True, slots=True)
class Keeping:
    """One thing that keeps the house small, cut short or not."""

    what: str
    dies_at: int | None


def keepings() -> st.SearchStrategy[list[list[Keeping]]]:
    """What happens after each step of a story."""
    one = st.builds(
        Keeping,
        what=st.sampled_from(["evict", "evict", "export", "join", "publish", "publish", "replay"]),
        dies_at=st.one_of(st.none(), st.none(), st.none(), st.integers(1, 60)),
    )
    return st.lists(st.lists(one, max_size=4), min_size=8, max_size=8)


def keep(house: House, keeping: Keeping) -> None:
    known = published_paths(house.paths)
    with house.open() as connection:
        dying: Any = Dying(connection, keeping.dies_at)
        try:
            _do(house, keeping.what, dying, known)
        except KilledError:
            return


def _do(house: House, what: str, connection: duckdb.DuckDBPyConnection, known: frozenset[str]) -> None:
    match what:
        case "evict" | "export":
            hot_days = 2 if what == "evict" else 100_000
            export.export(connection, closed_after=_AT_ONCE, hot_days=hot_days, grace=_AT_ONCE)
        case "join":
            compact_landed(connection, house.paths, published=known, after_days=1, most_messages=5, grace=_AT_ONCE)
        case "publish":
            publish(connection, house.paths.serving, whole_rows=0, recent_days=1)
        case _:
            since = datetime.now(UTC)
            while opened := open_rejects(connection, Choice(), since=since, most=1000, run_id=RUN):
                decoded = decode_plainly(opened[1], births.known(connection))
                silver.write(connection, opened[0], decoded, None, run_id=RUN, shapes_per_route=oracle.SHAPES)


@settings(
    max_examples=EXAMPLES if LONG else 4,
    derandomize=not LONG,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(story=stories(), kept=keepings())
def test_any_keeping_between_any_steps_leaves_the_tables_as_the_oracle_has_them(
    empty_warehouse: Path, story: Story, kept: list[list[Keeping]]
) -> None:
    with tempfile.TemporaryDirectory() as name:
        house = house_in(Path(name))
        shutil.copy(empty_warehouse, house.paths.warehouse)
        platform = Platform(house, _files(house, story), judges=False)
        for step, between in zip(story.steps, kept, strict=False):
            platform.go(step)
            for keeping in between:
                keep(house, keeping)
        platform.find(len(platform.waiting))
        platform.chain()
        keep(house, Keeping("evict", None))
        expected = but_for_bookkeeping(oracle.tables(seen(platform.landed)))
        found = but_for_bookkeeping(tables_with_lake(house))
        assert {table: found[table] for table in expected} == expected
        copied = {table: rows for table, rows in published(house).items() if table in expected}
        assert copied == {table: expected[table] for table in copied}
        assert not platform.chain().written, "what moved is no news"
        keep(house, Keeping("join", None))
        keep(house, Keeping("evict", None))
        files = [*(house.paths.lake / "silver").rglob("*.*"), *(house.paths.lake / "gold").rglob("*.*")]
        (days,) = house.ask("select count(*) from ops.history where state <> 'retired'")[0]
        assert len([file for file in files if file.is_file()]) == days, "files are left that nobody needs"

        shutil.copy(empty_warehouse, house.paths.warehouse)
        platform.chain()
        rebuilt = but_for_bookkeeping(tables_with_lake(house))
        assert {table: rebuilt[table] for table in expected} == expected
        assert rebuilt["bronze.messages"] == found["bronze.messages"]
