"""The rebuild job: a partition a landed day; what it makes equals what was, and it reports what it healed."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from iot_assets_tests.lake_builder import NOON, LakeBuilder, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.dagster_house import DagsterHouse


def test_partitions_are_the_days_from_the_first_landed_one_to_today(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    job = dagster_house.defs.resolve_job_def("rebuild")
    assert job.partitions_def is not None
    keys = job.partitions_def.get_partition_keys()
    today = datetime.now(UTC).date()
    assert (keys[0], keys[-1]) == (NOON.date().isoformat(), today.isoformat())


def test_rebuilding_each_day_gives_the_same_tables_and_reports_the_assets(dagster_house: DagsterHouse) -> None:
    house = dagster_house.house
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1), said("a", 1, t=2), registry(2, {"a": {"kind": "x"}}))
    lake.land(said("a", 0, received=86_400, t=1), said("a", 1, received=86_401, t=3), said("b", 86_402, t=4))
    house.run()
    before = house.tables()
    for day in (NOON, NOON + timedelta(days=1)):
        dagster_house.job("rebuild", partition_key=day.date().isoformat())
        assert house.tables() == before
    assert {"silver/readings", "gold/readings_1d", "serving"} <= dagster_house.materialized()
    assert str(dagster_house.metadata("silver/readings")["rebuilt"]) == (NOON + timedelta(days=1)).date().isoformat()
    assert house.publish().changed is False, "the rebuild has published already"


def test_a_day_without_files_is_rebuilt_to_nothing(dagster_house: DagsterHouse) -> None:
    LakeBuilder(dagster_house.house.paths).land(said("a", 0, t=1))
    dagster_house.house.run()
    before = dagster_house.house.tables()
    dagster_house.job("rebuild", partition_key=(NOON + timedelta(days=3)).date().isoformat())
    assert dagster_house.house.tables() == before


def test_judging_everything_anew_gives_the_same_hits_and_publishes_them(dagster_house: DagsterHouse) -> None:
    house = dagster_house.house
    LakeBuilder(house.paths).land(said("a", 0, temperature=20), said("a", 1, temperature=-999))
    house.run()
    before = house.tables()
    assert len(before["gold.rule_hits"]) == 2
    with house.open() as connection:
        connection.execute("delete from gold.rule_hits")
    dagster_house.job("rejudge")
    assert house.tables()["gold.rule_hits"] == before["gold.rule_hits"]
    assert house.publish().changed is False, "it has published already"
