"""The registry of benchmarks agrees with the scripts, with what tells of them, and with what was measured."""

from __future__ import annotations

import re
from pathlib import Path
from typing import Final

import pytest

from iot_assets.bench.figures import newest, read
from iot_assets.bench.registry import BENCHMARKS, TARGETS, Target

FOLDER: Final = Path(__file__).parents[2] / "benchmarks"
SCRIPTS: Final = {
    name[1]: path
    for path in FOLDER.glob("*.py")
    if (name := re.search(r'Figures\(\s*"(\w+)"', path.read_text("utf-8")))
}
#: What is found of injected faults is no speed, and some were measured before there was a common format.
OTHERWISE: Final = ("faults", "chaos", "minute-", "year-", "dashboard-", "heal-", "trace-")


def test_each_script_that_gives_figures_is_in_the_registry_under_its_own_name() -> None:
    assert set(SCRIPTS) == set(BENCHMARKS) - {"path"}
    assert all(path.stem == name for name, path in SCRIPTS.items())


@pytest.mark.parametrize("name", sorted(set(BENCHMARKS) - {"path"}))
def test_each_benchmark_can_be_told_where_to_keep_its_figures_and_has_a_row_in_the_readme(name: str) -> None:
    text = SCRIPTS[name].read_text("utf-8")
    assert "bench.script import" in text
    assert "keep(given.into)" in text
    assert f"`python benchmarks/{name}.py" in (FOLDER / "README.md").read_text("utf-8")


@pytest.mark.parametrize("target", TARGETS, ids=lambda target: f"{target.benchmark}: {target.told}")
def test_what_is_asked_is_of_a_figure_that_its_benchmark_gives(target: Target) -> None:
    assert target.benchmark in BENCHMARKS
    if run := newest(FOLDER / "results").get(target.benchmark):
        assert target.measured(run["figures"]) is not None, sorted(run["figures"])


def test_every_result_that_is_kept_is_of_a_benchmark() -> None:
    for path in (FOLDER / "results").glob("*.json"):
        if not path.name.startswith(OTHERWISE):
            assert read(path), f"{path.name} has no figures in the common format"
            assert set(read(path)) <= set(BENCHMARKS), path.name


def test_a_target_is_met_by_what_is_as_good_or_better() -> None:
    fast = Target(benchmark="b", figure="f", limit=2, better="higher", ratio_to="stock")
    small = Target(benchmark="b", figure="f", limit=400, better="lower", of="peak_mb")
    figures = {"f": {"median": 1, "ratios": {"stock": 2.5}, "peak_mb": 400}}
    assert [(t.measured(figures), t.met(t.measured(figures) or 0)) for t in (fast, small)] == [(2.5, True), (400, True)]
    assert not fast.met(1.9)
    assert not small.met(401)
    assert fast.measured({}) is None
