"""What pages are made of, without a browser."""

from __future__ import annotations

from dataclasses import fields
from datetime import UTC, datetime, timedelta
from typing import Any
from urllib.parse import parse_qsl

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.serving.dashboard.filters import EVERY, SPANS, Filters
from iot_assets.serving.dashboard.markup import age, duration, number, size, table, text

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
    first, after = filters.times(NOW)
    assert first < after
    assert filters.every in EVERY


def test_a_time_of_ones_own_stands_above_the_span() -> None:
    own = Filters.read({"first": "2025-11-12T10:00:00", "after": "2025-11-12T12:00:00+01:00", "span": "7d"})
    assert own.times(NOW) == (NOW - timedelta(hours=2), NOW - timedelta(hours=1))
    backwards = Filters.read({"first": "2025-11-13", "after": "2025-11-12"})
    assert backwards.times(NOW) == (NOW - timedelta(hours=24), NOW)


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
