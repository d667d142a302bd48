"""Tracing: from any figure back to the very bytes, wherever they lie by now."""

from __future__ import annotations

import json
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any, Final

import pyarrow.parquet as pq
import pytest
from click.testing import CliRunner

from iot_assets.cli.trace import trace
from iot_assets_tests.keeping import export, join
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

A: Final = ("--device", "a", "--metric", "t")


def run(*arguments: str, ok: bool = True) -> str:
    result = CliRunner().invoke(trace, arguments)
    assert (result.exit_code == 0 and result.exception is None) is ok, result.output
    return result.output if ok or result.exit_code == 2 else str(result.exception)


def objects(*arguments: str) -> list[dict[str, Any]]:
    return [json.loads(line) for line in run(*arguments, "--json").splitlines()]


def fill(house: House) -> None:
    """An hour of readings in two files, a correction and a reject among them."""
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, t=1), said("b", 1, t=2), said("a", 59, t=3))
    lake.land(
        said("a", 60, t=4), said("a", 61, t="on"), said("a", 60, received=100, t=5),
        Message(received_at=at(101), topic="devices/a/up", payload=b"\xff" + b"x" * 500),
        said("a", 7200, t=9),
    )  # fmt: skip
    house.run()


def payloads(rows: list[dict[str, Any]]) -> list[Any]:
    return [json.loads(row["payload"])["t"] for row in rows]


@pytest.mark.parametrize(
    ("table", "when", "expected"),
    [
        ("gold.readings_1min", "2025-11-12T12:00:30Z", [1, 3]),
        ("gold.readings_1min", "2025-11-12T13:01:00+01:00", [5, "on"]),
        ("gold.readings_1h", "2025-11-12T12:59:59", [1, 3, 5, "on"]),
        ("gold.readings_1d", "2025-11-12", [1, 3, 5, "on", 9]),
        ("silver.readings", "2025-11-12T12:00:59Z", [3]),
        ("silver.corrections", "2025-11-12T12:01:00Z", [4]),
    ],
)
def test_each_table_is_traced_to_its_messages(published: House, table: str, when: str, expected: list[Any]) -> None:
    rows = objects(table, *A, "--at", when)
    assert payloads(rows) == expected
    for row in rows:
        assert row["topic"] == "devices/a/up"
        lying = pq.ParquetFile(published.paths.lake / row["file"]).read().slice(row["row"], 1)
        assert lying["payload"].to_pylist() == [row["payload"].encode()]
        assert str(lying["message_id"].to_pylist()[0]) == row["message_id"]


def test_the_latest_value_needs_no_instant(published: House) -> None:
    assert payloads(objects("gold.latest", *A)) == [9]


def test_a_reject_is_traced_by_its_id(published: House) -> None:
    ((message_id,),) = published.ask("select message_id from silver.rejects")
    (row,) = objects("silver.rejects", "--id", str(message_id))
    assert (row["reason"], row["row"]) == ("not_utf8", 3)
    assert row["payload"].startswith("\\xffxxx")
    shown = run("silver.rejects", "--id", str(message_id))
    assert "…" in shown
    assert "x" * 200 not in shown


def test_the_list_can_be_bounded(published: House) -> None:
    assert payloads(objects("gold.readings_1d", *A, "--at", "2025-11-12", "--limit", "2")) == [1, 3]


def test_days_that_only_the_lake_has_and_joined_files_are_traced_all_the_same(published: House) -> None:
    wanted = ("gold.readings_1d", *A, "--at", "2025-11-12")
    before = objects(*wanted)
    assert export(published, hot_days=2).evicted == 3
    assert join(published).made == 1
    published.publish(whole_rows=0)
    join(published, grace=timedelta(0))
    after = objects(*wanted)
    assert len({row["file"] for row in before}) == 2
    assert len({row["file"] for row in after}) == 1
    assert [{**row, "file": "", "row": 0} for row in after] == [{**row, "file": "", "row": 0} for row in before]


def test_a_figure_whose_file_the_lake_has_lost_is_still_told(published: House) -> None:
    for file in published.paths.landed.rglob("*.parquet"):
        file.unlink()
    rows = objects("gold.readings_1min", *A, "--at", "2025-11-12T12:00:30Z")
    assert [(row["value"], row["payload"], row["file"]) for row in rows] == [(1.0, None, None), (3.0, None, None)]


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("gold.readings_1h", *A, "--at", "noon"), "no instant such as"),
        (("gold.readings_1h", *A), "wants --device, --metric and --at"),
        (("silver.rejects",), "wants --id"),
        (("gold.readings_1h", *A, "--at", "2020-01-01"), "has nothing of device 'a'"),
        (("gold.latest", "--device", "z", "--metric", "t"), "gold.latest has nothing of device 'z'"),
        (("silver.rejects", "--id", "00000000-0000-8000-8000-000000000000"), "has no message"),
    ],
)
def test_a_question_without_an_answer_is_a_sentence(
    published: House, arguments: tuple[str, ...], sentence: str
) -> None:
    assert sentence in run(*arguments, ok=False)


def test_people_get_a_table(published: House) -> None:
    lines = run("gold.readings_1min", *A, "--at", "2025-11-12T12:00:30Z").splitlines()
    assert len(lines) == 3
    assert "payload" in lines[0]
    assert str(NOON.date()) in lines[1]
    assert datetime.now(UTC) > NOON
