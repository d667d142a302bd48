"""Figures: what is told of repetitions, and what is kept of it."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from iot_assets.bench.figures import Figures, alternate, duration, newest, percentile, read
from iot_assets.bench.script import folder, run


def test_of_repetitions_the_middle_the_edges_and_their_number_are_told() -> None:
    figures = Figures("b")
    figures.add("drained", "messages/s", [3, 1, 2], cpu_seconds=[3e-6, 5e-6, 4e-6], peak_mb=[10, 30, 20])
    assert figures.figures["drained"] == {
        "unit": "messages/s",
        "median": 2,
        "min": 1,
        "max": 3,
        "repetitions": 3,
        "cpu_seconds": 4e-6,
        "peak_mb": 30,
    }


def test_a_figure_is_compared_with_others_of_the_same_run() -> None:
    figures = Figures("b")
    figures.add("limit", "messages/s", [4])
    figures.add("stock", "messages/s", [0.5])
    figures.add("ours", "messages/s", [2], against=["limit", "stock"])
    assert figures.figures["ours"]["ratios"] == {"limit": 0.5, "stock": 4}


def test_ways_take_turns() -> None:
    order: list[str] = []
    found = alternate({name: lambda name=name: order.append(name) or len(order) for name in "ab"}, 2)  # type: ignore[func-returns-value, misc]
    assert order == ["a", "b", "a", "b"]
    assert found == {"a": [1, 3], "b": [2, 4]}


@pytest.mark.parametrize(("share", "value"), [(0.0, 1), (0.5, 51), (0.99, 100), (1.0, 100)])
def test_a_percentile_is_one_of_the_values(share: float, value: int) -> None:
    assert percentile(range(100, 0, -1), share) == value


@pytest.mark.parametrize(("seconds", "told"), [(6.1e-6, "6.1 µs"), (0.0123, "12.3 ms"), (7.409, "7.41 s"), (0, "0 µs")])
def test_a_duration_is_told_in_a_unit_that_is_easily_read(seconds: float, told: str) -> None:
    assert duration(seconds) == told


def test_a_kept_run_tells_of_machine_versions_and_load(tmp_path: Path) -> None:
    Figures("b", messages=5).keep(tmp_path)
    (file,) = tmp_path.iterdir()
    about = read(file)["b"]["about"]
    assert about["parameters"] == {"messages": 5}
    assert about["machine"]["cores"] >= 1
    assert {"python", "duckdb", "dagster", "pyarrow", "mosquitto"} <= set(about["versions"])
    assert about["load_before"] >= 0


def test_several_benchmarks_are_kept_in_one_file_and_a_new_run_replaces_the_old(tmp_path: Path) -> None:
    file = tmp_path / "all.json"
    for name, value in (("a", 1), ("b", 2), ("a", 3)):
        figures = Figures(name)
        figures.add("f", "s", [value])
        figures.keep(file)
    assert {name: run["figures"]["f"]["median"] for name, run in read(file).items()} == {"a": 3, "b": 2}


def test_the_newest_run_of_each_benchmark_is_found_among_files(tmp_path: Path) -> None:
    for at, value, name in (("2026-01-02T00:00:00+00:00", 2, "b.json"), ("2026-01-01T00:00:00+00:00", 1, "z.json")):
        figures = Figures("a")
        figures.about["at"] = at
        figures.add("f", "s", [value])
        figures.keep(tmp_path / name)
    (tmp_path / "other.json").write_text('{"not": "a result", "nor": {"is": "this"}}')
    assert newest(tmp_path)["a"]["figures"]["f"]["median"] == 2


def test_a_process_is_measured_with_what_it_prints_and_its_exit_code(tmp_path: Path) -> None:
    ended = run(
        [sys.executable, "-c", "import os; print(os.environ['SAID'], 'PATH' in os.environ); exit(3)"],
        cwd=tmp_path,
        environment={"SAID": "x", "PATH": None},
    )
    assert (ended.code, ended.output) == (3, "x False\n")
    assert ended.seconds > 0
    assert ended.cpu_seconds > 0
    assert ended.peak_mb > 1


def test_the_folder_that_a_benchmark_works_in_is_gone_in_the_end(tmp_path: Path) -> None:
    with folder(tmp_path / "work") as here:
        (here / "file").touch()
    assert list((tmp_path / "work").iterdir()) == []
