"""Contracts: what a table's declaration promises is found broken, and only our own faults block."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iot_assets.errors import ContractError
from iot_assets.warehouse import contract, silver
from iot_assets.warehouse.connection import transaction
from iot_assets.warehouse.queries import filled as filled_in
from iot_assets.warehouse.tables import MESSAGES, OUTCOME_COUNTS, READINGS_1MIN, TABLES, Table
from iot_assets_tests.lake_builder import LakeBuilder, said

if TYPE_CHECKING:
    import duckdb

    from iot_assets_tests.house import House


def judged(connection: duckdb.DuckDBPyConnection, table: Table) -> contract.CheckResult:
    everything = f"select * from {table.full_name}"
    return contract.contract(connection, table, among=everything, written=everything)


def filled(house: House) -> House:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 60, t=2))
    house.run()
    return house


def test_every_table_keeps_its_contract_after_a_run(house: House) -> None:
    with filled(house).open() as connection:
        assert [t for t in TABLES.values() if not judged(connection, t).passed] == []


@pytest.mark.parametrize(
    ("change", "rule"),
    [
        ("alter table gold.readings_1min drop column n_valid", "columns"),
        ("alter table gold.readings_1min add column more integer", "columns"),
        ("alter table gold.readings_1min alter column n type integer", "columns"),
        ("alter table gold.readings_1min alter column n drop not null", "columns"),
        ("insert into gold.readings_1min from gold.readings_1min limit 1", "key"),
    ],
)
def test_a_wrong_column_or_a_doubled_key_blocks_and_shows_the_rows(house: House, change: str, rule: str) -> None:
    with filled(house).open() as connection:
        connection.execute(change)
        result = judged(connection, READINGS_1MIN)
        assert (result.passed, result.blocking) == (False, True)
        assert {row["rule"] for row in result.sample} == {rule}
        with pytest.raises(ContractError, match=r"'contract' on gold\.readings_1min found \d+ offending rows"):
            contract.judge([result])


def test_a_broken_expectation_warns_and_shows_the_rows(house: House) -> None:
    with filled(house).open() as connection:
        connection.execute("update silver.outcome_counts set messages = -1")
        result = judged(connection, OUTCOME_COUNTS)
        contract.judge([result])
    assert (result.passed, result.blocking, result.failing) == (False, False, 2)
    assert result.sample[0]["rule"] == "messages > 0"


def test_the_sample_is_small_and_the_count_is_of_all(house: House) -> None:
    LakeBuilder(house.paths).land(*(said("a", n, t=n) for n in range(50)))
    house.run()
    with house.open() as connection:
        connection.execute("update bronze.messages set qos = 9")
        result = judged(connection, MESSAGES)
    assert (result.failing, len(result.sample)) == (50, contract.SAMPLE)


def careless(monkeypatch: pytest.MonkeyPatch, right: str, wrong: str) -> None:
    """Make a fault of our own: silver's SQL with some words replaced."""

    def broken(name: str, **names: str) -> str:
        return filled_in(name, **names).replace(right, wrong)

    monkeypatch.setattr(silver, "filled", broken)


def test_a_blocking_failure_rolls_the_whole_write_back_and_the_next_run_does_it(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    filled(house)
    LakeBuilder(house.paths, "other", 1_760_000_000_001).land(said("a", 0, received=-1, t=1), said("b", 5, t=1))
    before = {name: rows for name, rows in house.tables().items() if not name.startswith("bronze")}
    careless(
        monkeypatch,
        "from arriving_outcomes order",
        "from (from arriving_outcomes union all from arriving_outcomes) order",
    )
    with pytest.raises(ContractError, match=r"silver\.outcomes"):
        house.run()
    assert {name: rows for name, rows in house.tables().items() if not name.startswith("bronze")} == before
    assert house.ask("select unit, count(*) from ops.applied group by all order by 1") == [
        ("bronze", 2),
        ("gold", 1),
        ("silver", 1),
    ]
    monkeypatch.undo()
    house.run()
    assert house.ask("select outcome from silver.outcomes order by received_at") == [
        ("telemetry",),
        ("duplicate",),
        ("telemetry",),
        ("telemetry",),
    ]


def test_a_message_without_an_outcome_unbalances_the_books(house: House, monkeypatch: pytest.MonkeyPatch) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1), said("a", 60, t=2))
    careless(
        monkeypatch,
        "from arriving_outcomes order",
        "from arriving_outcomes where received_at = (select min(received_at) from batch) order",
    )
    with pytest.raises(ContractError) as caught:
        house.run()
    assert (caught.value.check, caught.value.table) == ("books_balance", "silver.outcomes")
    assert caught.value.failing[0]["problem"] == "message without exactly one outcome"
    monkeypatch.undo()
    house.run()
    assert house.ask("select count(*) from silver.outcomes") == [(2,)]


@pytest.mark.parametrize("error", [ValueError, KeyboardInterrupt, SystemExit])
def test_a_transaction_writes_all_or_nothing_whatever_ends_it(house: House, error: type[BaseException]) -> None:
    with house.open() as connection:
        with pytest.raises(error), transaction(connection):
            _write_then_raise(connection, error)
        assert connection.execute("select count(*) from ops.pruned").fetchall() == [(0,)]


def _write_then_raise(connection: duckdb.DuckDBPyConnection, error: type[BaseException]) -> None:
    connection.execute("insert into ops.pruned values (now(), now())")
    raise error
