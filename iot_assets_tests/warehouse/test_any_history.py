"""Whatever happens on the way, the tables are what the oracle says, to the bit.

An ordinary run tries a few examples, always the same. The long run draws 2,000 new ones and takes about an hour::

    IOT_TESTS_EXAMPLES=2000 .venv/bin/python -m pytest iot_assets_tests/warehouse/test_any_history.py \
        --hypothesis-seed=1 --timeout=0
"""

from __future__ import annotations

import os
import shutil
import tempfile
from dataclasses import dataclass, field
from datetime import date
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from hypothesis import HealthCheck, given, settings

from iot_assets.sections.formulas import Formula
from iot_assets.sections.rules import Rule
from iot_assets.warehouse import bronze, gold
from iot_assets.warehouse.rebuild import forget
from iot_assets_tests import oracle
from iot_assets_tests.house import RUN, House, house_in, tables_of
from iot_assets_tests.lake_builder import LakeBuilder, Landed, LandedParquet
from iot_assets_tests.oracle_derived import BEFORE, DECLARED, derived
from iot_assets_tests.warehouse.plain import seen, settle_plainly
from iot_assets_tests.warehouse.stories import Step, Story, stories

if TYPE_CHECKING:
    import duckdb

    from iot_assets.warehouse.gold import Healed

#: Those in force in the end, and others, between which the steps change.
FORMULAS: Final = [tuple(Formula(**one).ready() for one in said) for said in (DECLARED, BEFORE)]
#: Likewise of rules: small windows, and limits between the values of the stories. No rules in some stories.
RULES: Final = (
    (
        Rule(name="limits", kind="range", metrics=("m",), low=-0.1, high=1e9, action="exclude"),
        Rule(name="usual", kind="suspect_range", metrics=("*",), devices=("a", "c"), high=1, action="fail"),
        Rule(name="none", kind="sentinel", metrics=("n",), units=("", "K"), values=(0.1,), action="exclude"),
        Rule(name="spike", kind="spike", metrics=("*",), limit=0.15, within_s=4000, action="exclude"),
        Rule(name="rate", kind="rate_of_change", metrics=("*",), limit=0.001, within_s=3600, over_s=60),
        Rule(name="flat", kind="flat_line", metrics=("*",), for_s=60, least=2, tolerance=0.15, action="exclude"),
        Rule(name="still", kind="flat_line", metrics=("m",), for_s=7200, least=2),
        Rule(name="gap", kind="gap", metrics=("*",), for_s=60),
        Rule(name="own", kind="gap", metrics=("*",), for_s=60, intervals=1),
        Rule(name="clock", kind="clock_step", metrics=("*",), within_s=700, action="exclude"),
    ),
    (
        Rule(name="limits", kind="range", metrics=("*",), low=0, action="exclude"),
        Rule(name="spike", kind="spike", metrics=("m",), limit=2),
        Rule(name="gone", kind="clock_step", metrics=("n",), limit=10, action="exclude"),
    ),
)
EXAMPLES: Final = int(os.environ.get("IOT_TESTS_EXAMPLES", "12"))
LONG: Final = "IOT_TESTS_EXAMPLES" in os.environ


class KilledError(Exception):
    """Stands for the end of the process: nothing of the transaction under way survives."""


class Dying:
    """A connection that is killed at its n-th statement."""

    def __init__(self, connection: duckdb.DuckDBPyConnection, dies_at: int | None) -> None:
        self._connection, self._left = connection, dies_at

    def __getattr__(self, name: str) -> Any:
        return getattr(self._connection, name)

    def execute(self, *arguments: Any) -> Any:
        """Pass the statement on, unless this was the last."""
        if self._left is not None and arguments[0] != "rollback":
            self._left -= 1
            if self._left == 0:
                raise KilledError
        return self._connection.execute(*arguments)


@dataclass
class Platform:
    """A house, the files that are yet to be found, and what the lake holds."""

    house: House
    waiting: list[LandedParquet]
    judges: bool = True
    landed: list[Landed] = field(default_factory=list)
    untouched: bool = True
    """Whether gold is up to date with silver, and silver with bronze, so that the next healing can be foretold."""

    def find(self, files: int) -> None:
        """Files become visible in the lake."""
        for file in self.waiting[:files]:
            file.place()
            self.landed += file.messages
        self.waiting = self.waiting[files:]

    def go(self, step: Step) -> None:
        """Do one step, to its end or to the statement that kills it."""
        settled = list(self.landed)
        self.find(step.files)
        with self.house.open() as connection:
            dying: Any = Dying(connection, step.dies_at)
            try:
                healed = self._do(step, dying)
            except KilledError:
                self.untouched = False
                return
        if step.unit == "chain" and self.untouched:
            assert healed is not None
            least = _changed_minutes(settled, self.landed)
            minutes = healed.written.get("gold.readings_1min", 0)
            assert minutes >= least if self.judges else minutes == least
        self.untouched = step.unit == "chain" or (self.untouched and step.files == 0 and step.unit != "rebuild")

    def _do(self, step: Step, connection: duckdb.DuckDBPyConnection) -> Healed | None:
        healed = None
        if step.unit == "rebuild":
            days = sorted({one.landed_on for one in self.landed})
            if days:
                forget(connection, date.fromisoformat(days[step.day % len(days)]))
        if step.unit in {"chain", "bronze", "rebuild"}:
            list(bronze.enter(connection, self.house.paths, run_id=RUN, most_messages=1000))
        if step.unit in {"chain", "silver", "rebuild"}:
            settle_plainly(connection)
        if step.unit in {"chain", "gold"}:
            rules = RULES[step.day // 2] if self.judges else ()
            healed = gold.heal(connection, run_id=RUN, formulas=FORMULAS[step.day % 2], judged_by=rules)
        return healed

    def chain(self) -> Healed:
        """All units, undisturbed."""
        with self.house.open() as connection:
            healed = self._do(Step(0, "chain", None, 0), connection)
        assert healed is not None
        return healed


def _changed_minutes(before: list[Landed], after: list[Landed]) -> int:
    """Minutes of a device's metric that hold numbers and other readings than before, by the oracle."""
    was, now = (set(oracle.tables(seen(landed))["silver.readings"]) for landed in (before, after))
    changed = {(row[0], row[1], row[2] // oracle.MINUTE) for row in was ^ now}
    return len(changed & {(row[0], row[1], row[2] // oracle.MINUTE) for row in now if row[3] is not None})


def _files(house: House, story: Story) -> list[LandedParquet]:
    """The story's files, in the order in which they are found."""
    landers = [LakeBuilder(house.paths, f"lander{n}", 1_760_000_000_000 + n) for n in range(2)]
    files: list[LandedParquet] = []
    for number, lander in enumerate(landers):
        waiting = []
        mine = [a for a in story.arrivals if a.lander == number]
        for index, arrival in enumerate(mine):
            waiting.append(arrival.message)
            if arrival.ends_file or index == len(mine) - 1:
                files.append(lander.make(waiting))
                waiting = []
    return [file for _, file in sorted(zip(story.order, files, strict=False), key=lambda pair: pair[0])]


@settings(
    max_examples=EXAMPLES,
    derandomize=not LONG,
    database=None,
    print_blob=True,
    suppress_health_check=list(HealthCheck),
)
@given(story=stories())
def test_any_history_gives_the_tables_of_the_oracle_and_of_a_full_rebuild(empty_warehouse: Path, story: Story) -> None:
    with tempfile.TemporaryDirectory() as name:
        house = house_in(Path(name))
        shutil.copy(empty_warehouse, house.paths.warehouse)
        judges = len(story.arrivals) % 4 > 0
        platform = Platform(house, _files(house, story), judges)
        for step in story.steps:
            platform.go(step)
        platform.find(len(platform.waiting))
        platform.chain()
        with house.open() as connection:
            found = tables_of(connection)
        expected = oracle.tables(seen(platform.landed), RULES[0] if judges else ())
        assert {table: found[table] for table in expected} == expected
        made = derived(expected)
        assert {table: [row[:-1] for row in found[table]] for table in made} == made
        assert platform.chain().written == {}, "a run with nothing new rewrote something"
        shutil.copy(empty_warehouse, house.paths.warehouse)
        platform.chain()
        with house.open() as connection:
            assert tables_of(connection) == found
