"""One alert's life: patience, cool-down, reminders, growth, acknowledgement. Time is handed in."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given
from hypothesis import strategies as st

from iot_assets.alerts.alert import Alert, Finding, Kind, State
from iot_assets.alerts.lifecycle import Step, advance
from iot_assets.sections.alerts import Alerts

T0 = datetime(2026, 11, 21, 8, tzinfo=UTC)
PATIENT = Alerts(for_seconds=60, cooldown_minutes=30, reminder_hours=12)
OFFLINE = Finding("device_offline", "40 devices of site north are offline.", about="north", count=40)


def at(seconds: float) -> datetime:
    return T0 + timedelta(seconds=seconds)


def lived(*steps: tuple[float, Finding | None], settings: Alerts = PATIENT) -> list[Step]:
    """What each step makes of the one before."""
    alert: Alert | None = None
    taken = []
    for seconds, found in steps:
        step = advance(alert, found, at(seconds), settings)
        alert = None if step.alert is not None and step.alert.state is State.RESOLVED else step.alert
        taken.append(step)
    return taken


def told(*steps: tuple[float, Finding | None], settings: Alerts = PATIENT) -> list[tuple[float, Kind]]:
    taken = lived(*steps, settings=settings)
    return [(s, t.told) for (s, _), t in zip(steps, taken, strict=True) if t.told is not None]


def open_alert() -> Alert:
    step = lived((0, OFFLINE), (60, OFFLINE))[-1]
    assert step.alert is not None
    assert step.told is Kind.RAISED
    return step.alert


def test_it_is_told_once_it_has_held_long_enough_and_not_before() -> None:
    assert told((0, OFFLINE), (59, OFFLINE)) == []
    assert told((0, OFFLINE), (59, OFFLINE), (60, OFFLINE), (70, OFFLINE)) == [(60, Kind.RAISED)]


def test_what_comes_and_goes_sooner_is_told_never_and_leaves_nothing() -> None:
    steps = lived((0, OFFLINE), (50, None), (55, OFFLINE), (110, None))
    assert [s.told for s in steps] == [None] * 4
    assert steps[-1].alert is None


def test_what_was_seen_before_a_long_time_without_a_look_begins_to_hold_anew() -> None:
    assert told((0, OFFLINE), (10, OFFLINE), (3600, OFFLINE), (3650, OFFLINE)) == []
    assert told((0, OFFLINE), (10, OFFLINE), (3600, OFFLINE), (3650, OFFLINE), (3660, OFFLINE)) == [(3660, Kind.RAISED)]


def test_its_end_is_told_once_it_has_been_gone_long_enough() -> None:
    assert told((0, OFFLINE), (60, OFFLINE), (100, None), (159, None)) == [(60, Kind.RAISED)]
    assert told((0, OFFLINE), (60, OFFLINE), (100, None), (160, None)) == [(60, Kind.RAISED), (160, Kind.RESOLVED)]


def test_gone_for_a_moment_is_not_its_end() -> None:
    assert told((0, OFFLINE), (60, OFFLINE), (100, None), (120, OFFLINE), (170, None), (200, OFFLINE)) == [
        (60, Kind.RAISED)
    ]


def test_an_event_is_told_at_once_and_over_at_once() -> None:
    lost = Finding("session_lost", "It happened.")
    assert told((0, lost), (5, None)) == [(0, Kind.RAISED), (5, Kind.RESOLVED)]


def test_within_the_cool_down_it_is_open_and_not_told() -> None:
    step = advance(None, OFFLINE, at(0), Alerts(for_seconds=0), cooled_at=at(1800))
    assert step.alert is not None
    assert (step.alert.state, step.told) == (State.OPEN, None)
    assert advance(step.alert, OFFLINE, at(1799), Alerts(for_seconds=0), cooled_at=at(1800)).told is None
    assert advance(step.alert, OFFLINE, at(1800), Alerts(for_seconds=0), cooled_at=at(1800)).told is Kind.RAISED


def test_the_end_of_what_was_never_told_is_not_told() -> None:
    step = advance(None, OFFLINE, at(0), Alerts(for_seconds=0), cooled_at=at(1800))
    over = advance(step.alert, None, at(60), Alerts(for_seconds=0))
    assert over.alert is not None
    assert (over.alert.state, over.told) == (State.RESOLVED, None)


def test_it_is_told_again_after_hours_unless_somebody_looks_after_it() -> None:
    alert = open_alert()
    hours = 12 * 3600
    assert advance(alert, OFFLINE, at(60 + hours - 1), PATIENT).told is None
    assert advance(alert, OFFLINE, at(60 + hours), PATIENT).told is Kind.REMINDER
    looked_after = replace(alert, acknowledged_at=at(90))
    assert advance(looked_after, OFFLINE, at(60 + hours), PATIENT).told is None
    assert advance(alert, OFFLINE, at(60 + 100 * hours), Alerts(reminder_hours=0)).told is None


def test_twice_as_many_are_told_after_the_cool_down_a_few_more_are_not() -> None:
    alert = open_alert()
    assert advance(alert, replace(OFFLINE, count=79), at(60 + 1800), PATIENT).told is None
    assert advance(alert, replace(OFFLINE, count=80), at(60 + 1799), PATIENT).told is None
    assert advance(alert, replace(OFFLINE, count=80), at(60 + 1800), PATIENT).told is Kind.GREW


def test_a_worse_severity_is_told_at_once_even_to_who_looks_after_it() -> None:
    worse = replace(OFFLINE, severity="critical")
    assert advance(replace(open_alert(), acknowledged_at=at(61)), worse, at(62), PATIENT).told is Kind.GREW


def test_the_settings_severity_wins() -> None:
    step = advance(None, OFFLINE, T0, Alerts(severities={"device_offline": "critical"}))
    assert step.alert is not None
    assert step.alert.severity == "critical"


@given(st.lists(st.tuples(st.integers(1, 400), st.booleans()), max_size=60))
def test_however_it_flaps_raised_and_resolved_alternate_and_nothing_shorter_than_the_patience_is_told(
    history: list[tuple[int, bool]],
) -> None:
    alert: Alert | None = None
    now, kinds, spells = 0.0, [], []
    begun: float | None = None
    for pause, holds in history:
        now += pause
        begun = (begun if begun is not None else now) if holds else None
        step = advance(alert, OFFLINE if holds else None, at(now), PATIENT)
        if step.told is Kind.RAISED:
            assert begun is not None
            spells.append(now - begun)
        kinds += [step.told] if step.told in (Kind.RAISED, Kind.RESOLVED) else []
        alert = None if step.alert is not None and step.alert.state is State.RESOLVED else step.alert
    assert all(kind is (Kind.RAISED, Kind.RESOLVED)[i % 2] for i, kind in enumerate(kinds))
    assert all(spell >= PATIENT.for_seconds for spell in spells)
