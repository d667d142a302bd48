"""Quiet hours on people's own clocks."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given
from hypothesis import strategies as st

from iot_assets.alerts.quiet import quiet_until
from iot_assets.sections.alerts import Quiet

ZURICH = ZoneInfo("Europe/Zurich")
NIGHT = Quiet(begin="22:00", end="06:30", timezone="Europe/Zurich")


@pytest.mark.parametrize(
    ("now", "until"),
    [
        (datetime(2026, 1, 10, 21, 59, tzinfo=ZURICH), None),
        (datetime(2026, 1, 10, 22, 0, tzinfo=ZURICH), datetime(2026, 1, 11, 6, 30, tzinfo=ZURICH)),
        (datetime(2026, 1, 11, 3, 0, tzinfo=ZURICH), datetime(2026, 1, 11, 6, 30, tzinfo=ZURICH)),
        (datetime(2026, 1, 11, 6, 30, tzinfo=ZURICH), None),
        # The clock goes forward at 02:00 on 29 March 2026, and back at 03:00 on 25 October.
        (datetime(2026, 3, 28, 23, 0, tzinfo=ZURICH), datetime(2026, 3, 29, 4, 30, tzinfo=UTC)),
        (datetime(2026, 10, 24, 23, 0, tzinfo=ZURICH), datetime(2026, 10, 25, 5, 30, tzinfo=UTC)),
    ],
)
def test_a_night_ends_by_the_clock_on_the_wall(now: datetime, until: datetime | None) -> None:
    assert quiet_until(now, NIGHT) == until


def test_hours_within_a_day() -> None:
    noon = Quiet(begin="12:00", end="13:00")
    assert quiet_until(datetime(2026, 1, 1, 12, 30, tzinfo=UTC), noon) == datetime(2026, 1, 1, 13, tzinfo=UTC)
    assert quiet_until(datetime(2026, 1, 1, 13, tzinfo=UTC), noon) is None


def test_without_quiet_hours_nothing_waits() -> None:
    assert quiet_until(datetime(2026, 1, 1, 3, tzinfo=UTC), Quiet()) is None


@given(
    st.integers(0, 366 * 24 * 60),
    st.times().map(lambda t: f"{t:%H:%M}"),
    st.times().map(lambda t: f"{t:%H:%M}"),
)
def test_what_waits_waits_for_the_future_and_at_most_a_day(minute: int, begin: str, end: str) -> None:
    now = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(minutes=minute)
    until = quiet_until(now, Quiet(begin=begin, end=end, timezone="Europe/Zurich"))
    assert until is None or now < until <= now + timedelta(hours=25)
