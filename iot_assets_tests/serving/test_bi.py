"""Recipes for BI tools: what docs/bi.md shows is run as it stands there, against a house with data and its server."""

from __future__ import annotations

import csv
import importlib.util
import io
import re
from pathlib import Path
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.house import house_in
from iot_assets_tests.serving.asked_world import MINUTES, instant, publish_world
from iot_assets_tests.serving.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

PAGE: Final = (Path(__file__).parents[2] / "docs" / "bi.md").read_text(encoding="utf-8")
BLOCKS: Final = re.findall(r"^```python\n(.*?)^```", PAGE, re.MULTILINE | re.DOTALL)
ADDRESSES: Final = re.findall(r"^```url\n(.*?)\n```", PAGE, re.MULTILINE | re.DOTALL)
SERVER: Final = "http://127.0.0.1:8000"


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    house = house_in(tmp_path_factory.mktemp("bi") / "data")
    publish_world(house)
    running = serve(house)
    yield running
    running.close()


# What one foreign library warns another of is no affair of these recipes.
@pytest.mark.filterwarnings("ignore::DeprecationWarning")
@pytest.mark.parametrize("number", range(len(BLOCKS)))
def test_every_block_of_python_does_what_it_says(served: Served, number: int) -> None:
    code = BLOCKS[number]
    for name in re.findall(r"^import (\w+)", code, re.MULTILINE):
        if importlib.util.find_spec(name) is None:
            pytest.skip(f"{name.upper()} IS NOT INSTALLED, so the recipe that uses it was not run")
    assert "data/serving.duckdb" in code or SERVER in code
    code = code.replace(SERVER, served.address).replace("data/serving.duckdb", str(served.house.paths.serving))
    exec(compile(code, f"docs/bi.md, block {number + 1}", "exec"), {})


@pytest.mark.parametrize("number", range(len(ADDRESSES)))
def test_every_address_is_answered(served: Served, number: int) -> None:
    address = ADDRESSES[number].replace(SERVER, "")
    for name, at in (("from", instant(0)), ("to", instant(60 * MINUTES))):
        # As Grafana fills it in.
        address = address.replace(f"${{__{name}:date:iso}}", f"{at:%Y-%m-%dT%H:%M:%S}.000Z")
    answer = served.get(address)
    assert answer.status_code == 200, answer.text
    if "format=csv" in address:
        assert len(list(csv.DictReader(io.StringIO(answer.text)))) > 10
    elif "__from" in ADDRESSES[number]:
        items = answer.json()["items"]
        assert len(items) == MINUTES
        assert {"bucket_at", "value", "device_id"} <= items[0].keys()


def test_the_page_has_recipes_for_every_tool() -> None:
    assert len(BLOCKS) >= 6
    assert len(ADDRESSES) >= 3
    for tool in ("DBeaver", "Metabase", "Superset", "Grafana", "pandas", "Polars", "Excel"):
        assert tool in PAGE
