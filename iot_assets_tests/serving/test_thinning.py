"""Thinning keeps the ends, the order and the shape."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.serving.largest_triangle import kept
from iot_assets_tests.house import house_in
from iot_assets_tests.lake_builder import LakeBuilder, at, said
from iot_assets_tests.serving.served import Served, serve

if TYPE_CHECKING:
    from collections.abc import Iterator

_YS = st.lists(st.floats(-1e6, 1e6), max_size=200)


@settings(derandomize=True, database=None)
@given(ys=_YS, points=st.integers(3, 40))
def test_as_many_points_as_asked_for_are_kept_in_order_with_both_ends(ys: list[float], points: int) -> None:
    found = kept(range(len(ys)), ys, points)
    assert len(found) == min(points, len(ys))
    assert found == sorted(set(found))
    assert found[:1] + found[-1:] == ([0, len(ys) - 1] if ys else [])


@settings(derandomize=True, database=None)
@given(where=st.integers(1, 98), points=st.integers(3, 20))
def test_a_single_peak_in_a_flat_line_is_kept(where: int, points: int) -> None:
    ys = [0.0] * 100
    ys[where] = 5.0
    assert where in kept(range(100), ys, points)


def test_by_hand() -> None:
    """Two buckets of three: of the first the point farthest from the line to the mean of the second, and so on."""
    ys = [0.0, 1.0, 5.0, 2.0, 2.0, -4.0, 1.0, 0.0]
    assert kept(range(8), ys, 4) == [0, 2, 5, 7]


@pytest.fixture(scope="module")
def served(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    house = house_in(tmp_path_factory.mktemp("thinned"))
    values = [float(n % 7) for n in range(2000)]
    values[1234], values[77] = 500.0, -500.0
    LakeBuilder(house.paths).land(
        *(said("a", n, t=value) for n, value in enumerate(values)),
        *(said("b", n, t=n) for n in range(5)),
        said("a", 3000, t=1e13),
    )
    house.run()
    house.publish()
    running = serve(house)
    yield running
    running.close()


def test_each_series_has_at_most_so_many_points_and_outliers_are_among_them(served: Served) -> None:
    items = served.items("/readings?points=20")
    found = [(one["event_at"], one["value"]) for one in items if one["device_id"] == "a"]
    assert (len(found), found) == (20, sorted(found))
    assert {500.0, -500.0} <= {value for _, value in found}
    assert found[0][0] == at(0).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
    assert found[-1][0] == at(1999).strftime("%Y-%m-%dT%H:%M:%S.%fZ"), "what does not count is not drawn"
    assert [one["value"] for one in items if one["device_id"] == "b"] == [0.0, 1.0, 2.0, 3.0, 4.0]


def test_rollups_are_thinned_likewise_and_in_every_format(served: Served) -> None:
    minutes = served.items("/readings?device=a&resolution=1min&aggregate=max&points=5")
    assert len(minutes) == 5
    assert max(one["value"] for one in minutes) == 500.0
    assert served.get("/readings?points=3&device=a&format=csv").text.splitlines()[0].replace('"', "") == (
        "device_id,metric,event_at,value"
    )
    wrong = served.get("/readings?points=2")
    assert (wrong.status_code, "points=2 is not between 3" in wrong.text) == (400, True)
