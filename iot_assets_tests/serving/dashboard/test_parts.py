"""What pages are made of, without a browser."""

from __future__ import annotations

import asyncio
import os
import subprocess
import sys
from dataclasses import fields
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any
from urllib.parse import parse_qsl

import duckdb
import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.serving.dashboard.asked import Asked, View
from iot_assets.serving.dashboard.edition import Edition, Found
from iot_assets.serving.dashboard.filters import EVERY, SPANS, Filters
from iot_assets.serving.dashboard.fleet_map import covering, north
from iot_assets.serving.dashboard.markup import age, duration, number, size, table, text
from iot_assets.serving.dashboard.processes import kind_of, processes
from iot_assets.serving.pool import PublishedPool
from iot_assets.serving.reads.device_list import device_list
from iot_assets_tests.house import house_in

NOW = datetime(2025, 11, 12, 12, tzinfo=UTC)
words = st.text(st.characters(codec="utf-8"), max_size=12).map(str.strip)
chosen = st.builds(
    Filters, kind=words, site=words, state=words, q=words, id=words, metric=words, quality=words,
    span=st.sampled_from(sorted(SPANS)), every=st.sampled_from(EVERY), page=st.integers(1, 99_999),
)  # fmt: skip


@given(chosen)
def test_an_address_says_what_was_chosen(filters: Filters) -> None:
    _, _, query = filters.address("devices").partition("?")
    assert Filters.read(dict(parse_qsl(query))) == filters


@given(st.dictionaries(st.sampled_from([f.name for f in fields(Filters)]), st.text(max_size=30)))
def test_no_address_is_too_strange_to_be_read(query: dict[str, str]) -> None:
    filters = Filters.read(query)
    first, after = filters.times(NOW, None)
    assert first < after
    assert filters.every in EVERY


def test_a_time_of_ones_own_stands_above_the_span() -> None:
    own = Filters.read({"first": "2025-11-12T10:00:00", "after": "2025-11-12T12:00:00+01:00", "span": "7d"})
    assert own.times(NOW, None) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    backwards = Filters.read({"first": "2025-11-13", "after": "2025-11-12"})
    assert backwards.times(NOW, None) == (NOW - timedelta(hours=1), NOW)


@pytest.mark.parametrize(("minutes", "hours"), [(3, 1), (60, 1), (61, 6), (360, 6), (361, 24), (60 * 24 * 400, 24)])
def test_where_no_time_is_chosen_all_that_has_come_so_far_is_shown_up_to_a_day(minutes: int, hours: int) -> None:
    first, after = Filters().times(NOW, NOW - timedelta(minutes=minutes))
    assert (after, after - first) == (NOW, timedelta(hours=hours))


@pytest.mark.parametrize(
    ("given", "shown"),
    [(1234567, "1,234,567"), (12.3456, "12.35"), (0.00421, "0.00421"), (-1234.5, "-1,234"), (0, "0")],
)
def test_numbers_have_as_many_digits_as_one_reads(given: float, shown: str) -> None:
    assert number(given) == shown


def test_spans_of_time_and_sizes_are_said_in_their_largest_unit() -> None:
    assert [duration(s) for s in (4, 119, 120, 7200, 172800)] == ["4 s", "119 s", "2 min", "2 h", "2 d"]
    assert age(NOW, NOW + timedelta(minutes=3)) == "3\u00a0min\u00a0ago"
    assert age(None, NOW) == "never"
    assert [size(b) for b in (12, 1500, 3_000_000)] == ["12 B", "1.5 kB", "3 MB"]


@given(st.text(max_size=20))
def test_whatever_is_told_from_outside_is_no_markup(said: str) -> None:
    cells: list[Any] = [said, [said]]
    shown = "".join(text(cell) for cell in cells) + table(said, (said,), [(said,)], empty=said)
    inner = shown
    for own in ("div", "table", "caption", "thead", "tbody", "tr", "th", "td", "/"):
        inner = inner.replace(f"<{own}", "")
    assert "<" not in inner.replace("</", "")


places = st.lists(st.tuples(st.floats(-84, 84), st.floats(-179, 179)), min_size=1, max_size=6)


@given(places)
def test_tiles_cover_the_map_and_are_few(found: list[tuple[float, float]]) -> None:
    ups, lons = [north(latitude) for latitude, _ in found], [longitude for _, longitude in found]
    side = max(max(ups) - min(ups), max(lons) - min(lons), 0.004)
    tiles = list(covering(min(lons), min(ups), side))
    assert 0 < len(tiles) <= 30
    for up, longitude in zip(ups, lons, strict=True):
        assert any(
            x <= (180 + longitude) / 360 * 2**zoom <= x + 1 and y <= (180 - up) / 360 * 2**zoom <= y + 1
            for zoom, x, y in tiles
        )


@pytest.mark.parametrize(
    ("command", "what"),
    [
        ("/v/bin/python -m dagster dev -w workspace.yaml", "Dagster"),
        ("/v/bin/python /v/bin/dagster dev", "Dagster"),
        ("/v/bin/python -m dagster._daemon run -w workspace.yaml", "Dagster's daemon"),
        ("/v/bin/python /v/bin/dagster-daemon run", "Dagster's daemon"),
        ("/v/bin/python -m dagster_webserver -h 127.0.0.1", "Dagster's page"),
        ("/v/bin/python -m dagster code-server start --port 1", "Dagster's code server"),
        ("/v/bin/python -m dagster api grpc --lazy-load-user-code", "Dagster's code server"),
        ("/v/bin/python /v/bin/iot-assets land", "lander"),
        ("/v/bin/python -m iot_assets serve --port 1", "server"),
        ("/v/bin/python -m http.server", ""),
    ],
)
def test_processes_are_told_by_what_they_were_started_with(command: str, what: str) -> None:
    assert kind_of(command.split()) == what


@pytest.mark.skipif(not Path("/proc").is_dir(), reason="this system has no /proc")
def test_processes_of_other_houses_are_not_ours(tmp_path: Path) -> None:
    command = [sys.executable, "-c", "import time; print(flush=True); time.sleep(60)", "dagster-daemon", "run"]
    started = [
        subprocess.Popen(command, env={"IOT_DATA_DIR": str(folder)}, stdout=subprocess.PIPE)
        for folder in (tmp_path, tmp_path / "other")
    ]
    try:
        for process in started:
            assert process.stdout is not None
            process.stdout.readline()
        found = {one.pid: one for one in processes(tmp_path, tmp_path / "dagster")}
        assert found.keys() == {started[0].pid, os.getpid()}
        own = found[started[0].pid]
        assert (own.name, own.memory > 1_000_000, own.cpu_seconds >= 0) == ("Dagster's daemon", True, True)
    finally:
        for process in started:
            process.kill()
            process.communicate()


def test_pages_change_over_to_a_publication_that_has_answered_what_they_ask(tmp_path: Path) -> None:
    house = house_in(tmp_path)
    house.run()
    house.publish()
    pool = PublishedPool(house.paths)
    answered: list[str] = []

    async def ask(edition: Edition, filters: Filters) -> Found:
        del filters
        found = await edition.answers(devices=device_list())
        answered.append(edition.version)
        return found

    async def look() -> None:
        asked, view = Asked(pool), View(ask, Filters())
        async with asked.edition(view) as before:
            await ask(before, Filters())
            os.utime(house.paths.serving)
            async with asyncio.timeout(20):
                while True:
                    async with asked.edition(view) as after:
                        if after.version != before.version:
                            break
                    assert set(answered) <= {before.version} or after.version in answered
                    await asyncio.sleep(0.05)
            assert after.version in answered
            assert (await before.rows(device_list(most=7))) == [], "who uses the one before may go on"
        with pytest.raises(duckdb.Error):
            await before.rows(device_list(most=8))  # nobody uses it any more: it is closed

    asyncio.run(look())
    pool.close()
