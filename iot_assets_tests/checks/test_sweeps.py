"""Sweeps: the second opinion finds what somebody has tampered with, and nothing where nobody has."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import dagster as dg
import pytest

from iot_assets.warehouse import export
from iot_assets_tests.dagster_house import DagsterHouse, checks
from iot_assets_tests.decoders.sparkplug import metric, payload
from iot_assets_tests.lake_builder import LakeBuilder, Message, at, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

GOLD = "gold/readings_1min:recomputes"
KEY = "silver/readings:key_of_a_day"
BOOKS = "silver/outcome_counts:books_balance_everywhere"
DUPLICATES = "silver/duplicate_counts:duplicates_add_up"
SEQUENCES = "bronze/messages:sequence_gaps"


@pytest.fixture
def busy(dagster_house: DagsterHouse) -> DagsterHouse:
    """A day of the platform: numbers and text, duplicates, corrections, rejects, values beyond all bounds."""
    LakeBuilder(dagster_house.house.paths).land(
        *(said("a", 61 * n, t=n / 7, u="on") for n in range(5)),
        said("a", 0, received=400, t=9),
        said("a", 61, received=401, t=1 / 7),
        said("b", 5, t=5e12),
        said("b", 6, t=-1e30),
        said("b", 7, received=500, t=3),
        Message(received_at=at(600), topic="devices/a/x", payload=b"?"),
    )
    dagster_house.house.run()
    return dagster_house


def swept(house: DagsterHouse) -> dict[str, Any]:
    """Failing rows by check."""
    found = checks(house.job("sweep"))
    assert set(found) == {GOLD, KEY, BOOKS, DUPLICATES, SEQUENCES}
    assert all(c.passed == (c.metadata["failing_rows"].value == 0) for c in found.values())
    assert {c.severity for c in found.values() if not c.passed} <= {dg.AssetCheckSeverity.ERROR}
    return {name: c.metadata["failing_rows"].value for name, c in found.items() if not c.passed}


def test_a_sound_warehouse_passes(busy: DagsterHouse) -> None:
    assert swept(busy) == {}


def test_an_empty_warehouse_passes(dagster_house: DagsterHouse) -> None:
    assert swept(dagster_house) == {}


@pytest.mark.parametrize(
    ("tampering", "found"),
    [
        ('update gold.readings_1min set "sum" = "sum" + 0.000000000001 where minute(bucket_at) = 2', {GOLD}),
        ("update gold.readings_1h set n = n + 1, n_valid = n_valid + 1", {GOLD}),
        ('update gold.readings_1d set "max" = 1e9', {GOLD}),
        ("delete from gold.readings_1min where minute(bucket_at) = 3", {GOLD}),
        ("update silver.readings set value = 77 where value = 9", {GOLD}),
        ("insert into silver.readings from silver.readings where value_text = 'on' limit 1", {KEY}),
        ("insert into silver.readings from silver.readings where value = 9", {GOLD, KEY}),
        ("update silver.outcome_counts set messages = messages + 1 where outcome = 'rejected'", {BOOKS}),
        ("delete from silver.outcome_counts where outcome = 'duplicate'", {BOOKS}),
        ("update silver.duplicate_counts set duplicates = duplicates + 1", {DUPLICATES}),
        ("delete from silver.duplicates", {DUPLICATES}),
        ("delete from bronze.messages where payload = '?'", {BOOKS}),
    ],
)
def test_tampering_is_found(busy: DagsterHouse, tampering: str, found: set[str]) -> None:
    with busy.house.open() as connection:
        connection.execute(tampering)
    assert set(swept(busy)) == found


def test_the_sweep_shows_the_rows(busy: DagsterHouse) -> None:
    with busy.house.open() as connection:
        connection.execute("delete from gold.readings_1min where minute(bucket_at) = 3")
    rows = checks(busy.job("sweep"))[GOLD].metadata["rows"].value
    assert "silver says otherwise" in str(rows)
    assert "12:03" in str(rows)


def test_days_that_only_the_lake_has_are_swept_too(busy: DagsterHouse) -> None:
    with busy.house.open() as connection:
        exported = export.export(connection, closed_after=timedelta(0), hot_days=1, grace=timedelta(hours=1))
        assert exported.evicted > 0
        assert connection.execute("select count(*) from silver.readings").fetchall() == [(0,)]
    assert swept(busy) == {}
    with busy.house.open() as connection:
        connection.execute('update gold.readings_1d set "max" = 1e9')
    assert set(swept(busy)) == {GOLD}


def test_pruned_minutes_do_not_unbalance_the_books(busy: DagsterHouse) -> None:
    from iot_assets.warehouse.prune import prune

    house: House = busy.house
    with house.open() as connection:
        assert prune(connection, bronze_days=1).messages > 0
    assert swept(busy) == {}


def numbered(seconds: float, seq: int, kind: str = "NDATA") -> Message:
    """A Sparkplug message of the node n with this running number."""
    message, _, device = kind.partition("/")
    body = payload(metric("t", double=1.0), seq=seq)
    return Message(received_at=at(seconds), topic=f"spBv1.0/g/{message}/n/{device}".rstrip("/"), payload=body)


def test_lost_sparkplug_messages_are_a_warning(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(
        *(numbered(n, seq) for n, seq in enumerate([254, 255, 0, 1, 5, 5, 6])),
        numbered(10, 0, "NBIRTH"),
        numbered(11, 1, "DDATA/d"),
        numbered(12, 3),
    )
    dagster_house.house.run()
    found = checks(dagster_house.job("sweep"))[SEQUENCES]
    assert (found.passed, found.severity) == (False, dg.AssetCheckSeverity.WARN)
    assert found.metadata["messages_lost"].value == 3 + 1
    assert "g/n" in str(found.metadata["rows"].value)
