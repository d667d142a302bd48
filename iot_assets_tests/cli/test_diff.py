"""The difference between what is published and what would be: nothing where nothing is, and each change by its day."""

from __future__ import annotations

import fcntl
import json
import os
import shutil
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from click.testing import CliRunner

from iot_assets.cli.diff import diff
from iot_assets_tests.lake_builder import LakeBuilder, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.house import House

RULES = """
[[rules]]
name = "hot"
kind = "range"
metrics = ["t"]
high = 100
action = "exclude"
"""
ROUTES = """
[[routes]]
topic = "devices/{device}/#"
convention = "flat_json"
options = { rename = { t = "temperature" } }
"""


def fill(house: House) -> None:
    """Two days of one device, published; one reading is far too hot."""
    lake = LakeBuilder(house.paths)
    lake.land(registry(0, {"a": {"site": "north"}}), said("a", 1, t=60), said("a", 61, t=999), said("a", 61, t=999))
    lake.land(said("a", 86_400, t=70))
    house.run()


def run(*arguments: str, code: int) -> str:
    result = CliRunner().invoke(diff, arguments, catch_exceptions=False)
    assert result.exit_code == code, result.output
    return result.output


def found(*arguments: str, code: int = 1) -> dict[str, dict[str, Any]]:
    """Tables that differ."""
    tables = [json.loads(line) for line in run("--json", *arguments, code=code).splitlines()]
    return {t["table"]: t for t in tables if t["added"] or t["removed"] or t["changed"]}


def everything(house: House) -> dict[Path, tuple[int, int]]:
    """All files of a house, and when and how large they were written."""
    stats = {path: path.stat() for path in house.paths.root.rglob("*") if path.is_file() and path.suffix != ".lock"}
    return {path: (stat.st_mtime_ns, stat.st_size) for path, stat in stats.items()}


def test_where_nothing_has_changed_nothing_differs_nor_is_touched(published: House) -> None:
    before = everything(published)
    assert run(code=0) == "no table differs\n"
    assert run("--rebuild", "2025-11-12", code=0) == "no table differs\n"
    assert everything(published) == before


def test_what_a_killed_rehearsal_left_is_deleted_and_what_another_one_uses_is_not(published: House) -> None:
    left, used = (published.paths.root / f"rehearsal-{name}" for name in ("left", "used"))
    for folder in (left, used):
        folder.mkdir()
        (folder / "iot.duckdb").write_bytes(b"a copy")
    descriptor = os.open(used, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    try:
        run(code=0)
    finally:
        os.close(descriptor)
    assert list(published.paths.root.glob("rehearsal-*")) == [used]


def test_a_new_rule_shows_what_it_would_exclude_before_it_does(published: House) -> None:
    Path("iot.toml").write_text(RULES, encoding="utf-8")
    before = everything(published)
    differing = found()
    assert {"gold.readings_1min", "gold.readings_1h", "gold.readings_1d"} <= set(differing)
    assert everything(published) == before
    hours = differing["gold.readings_1h"]
    assert (hours["added"], hours["removed"], hours["changed"]) == (0, 0, 1)
    assert hours["days"] == [{"day": "2025-11-12", "added": 0, "removed": 0, "changed": 1}]
    biggest = hours["largest"][0]
    assert (biggest["device_id"], biggest["metric"], biggest["column_name"]) == ("a", "t", "sum")
    assert {c["column_name"]: (c["before"], c["after"]) for c in hours["largest"]}["max"] == ("999.0", "60.0")


def test_a_rebuilt_day_shows_what_other_routes_would_make_of_it(published: House) -> None:
    Path("iot.toml").write_text(ROUTES, encoding="utf-8")
    assert found(code=0) == {}, "routes are for what is decoded"
    days = found("--rebuild", "2025-11-12")["gold.readings_1d"]
    assert (days["rows_before"], days["rows_after"]) == (2, 2)
    assert [(e["what"], e["metric"]) for e in days["examples"]] == [("added", "temperature"), ("removed", "t")]
    assert [day["day"] for day in days["days"]] == ["2025-11-12"]
    assert published.ask("select distinct metric from silver.readings") == [("t",)]


def test_two_files_are_compared_as_they_are(published: House) -> None:
    kept = published.paths.root / "kept.duckdb"
    shutil.copy(published.paths.serving, kept)
    files = (str(kept), str(published.paths.serving))
    assert run(*files, code=0) == "no table differs\n"
    LakeBuilder(published.paths, start_ms=1_770_000_000_000).land(said("b", 90_000, t=1))
    published.run()
    published.publish()
    told = run(*files, code=1)
    assert "gold.latest" in told
    assert found(*files)["gold.latest"]["added"] == 1
    assert found(*reversed(files))["gold.latest"]["removed"] == 1


def test_views_over_the_lake_are_compared_as_tables_are(published: House) -> None:
    kept = published.paths.root / "kept.duckdb"
    shutil.copy(published.paths.serving, kept)
    published.publish(whole_rows=0)
    assert found(str(kept), str(kept), code=0) == {}
    assert found(str(kept), str(published.paths.serving), code=0) == {}, "the days that the lake lacks are few"


@pytest.mark.parametrize("arguments", [["one.duckdb"], ["a", "b", "--rebuild", "2025-11-12"]])
def test_what_makes_no_sense_is_refused(arguments: list[str]) -> None:
    assert "Usage" in run(*arguments, code=2)


def test_a_file_that_is_no_publication_is_named(published: House) -> None:
    result = CliRunner().invoke(diff, [str(published.paths.warehouse), str(published.paths.serving)])
    assert "is no published file" in str(result.exception)
    result = CliRunner().invoke(diff, ["--rebuild", "2001-01-01"])
    assert "nothing that landed on 2001-01-01" in str(result.exception)
