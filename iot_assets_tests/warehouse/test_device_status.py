"""Devices that fall silent are found by time alone, since exactly when, and without flapping."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.sections.status import Status
from iot_assets.warehouse.device_status import update
from iot_assets_tests.house import RUN, House
from iot_assets_tests.lake_builder import NOON, LakeBuilder, at, registry, said

if TYPE_CHECKING:
    import duckdb

STATUS = Status()


def judge(house: House, seconds: float, status: Status = STATUS) -> dict[str, str]:
    """Each device's state so many seconds after noon."""
    with house.open() as connection:
        update(connection, status, at(seconds), run_id=RUN)
        return dict(connection.execute("select device_id, state from gold.device_status").fetchall())


def since(house: House, device: str = "a") -> float:
    """Seconds after noon since when the device is as it is."""
    ((found,),) = house.ask(f"select since_at from gold.device_status where device_id = '{device}'")
    return float((found - NOON).total_seconds())


def events(house: House, device: str = "a") -> list[tuple[str, float]]:
    rows = house.ask(
        f"select kind, happened_at from gold.device_events where device_id = '{device}' order by recorded_at"
    )
    return [(kind, (when - NOON).total_seconds()) for kind, when in rows]


def declared(interval: float | None) -> Any:
    """A registry that names device a and says how often it sends."""
    return registry(-7200, {"a": {} if interval is None else {"expected_interval_s": interval}})


def send(house: House, *seconds: float, start: int = 1_760_000_000_000) -> None:
    LakeBuilder(house.paths, start_ms=start).land(*(said("a", s, received=s, t=20) for s in seconds))
    house.run()


@pytest.fixture
def sender(house: House) -> House:
    """Device a, which is declared to send every ten minutes, and has at noon."""
    LakeBuilder(house.paths, "registry").land(declared(600))
    send(house, 0)
    return house


def test_silence_of_two_intervals_makes_late_of_ten_offline_since_that_very_moment(sender: House) -> None:
    assert judge(sender, 1199) == {"a": "online"}
    assert judge(sender, 1500) == {"a": "late"}
    assert since(sender) == 1200
    assert judge(sender, 5999) == {"a": "late"}
    assert judge(sender, 9000) == {"a": "offline"}
    assert since(sender) == 6000
    assert events(sender) == [("online", 0), ("late", 1200), ("offline", 6000)]


def test_judging_again_changes_nothing_and_records_nothing_twice(sender: House) -> None:
    judge(sender, 1500)
    before = sender.ask("select * from gold.device_status"), events(sender)
    judge(sender, 1501)
    assert (sender.ask("select * from gold.device_status"), events(sender)) == before


def test_a_single_sign_of_life_is_no_return_and_a_rhythm_is(sender: House) -> None:
    judge(sender, 60)
    judge(sender, 9000)
    send(sender, 9060, start=1_761_000_000_000)
    assert judge(sender, 9100) == {"a": "offline"}
    assert judge(sender, 9060 + 1250) == {"a": "offline"}, "silent again"
    send(sender, 20000, 20600, start=1_762_000_000_000)
    assert judge(sender, 20650) == {"a": "offline"}
    send(sender, 21190, start=1_763_000_000_000)
    assert judge(sender, 21900) == {"a": "online"}
    assert since(sender) == 20600, "when it was first heard again, as far as it was looked at"
    assert [kind for kind, _ in events(sender)] == ["online", "offline", "online"]


def test_a_declared_device_that_has_never_sent_is_never_seen(house: House) -> None:
    LakeBuilder(house.paths, "registry").land(registry(-7200, {"b": {"expected_interval_s": 60}}))
    house.run()
    assert judge(house, 0) == {"b": "never_seen"}
    assert since(house, "b") == -7200


def test_a_fast_device_is_not_late_before_the_minute_has_landed(house: House) -> None:
    LakeBuilder(house.paths, "registry").land(declared(1))
    send(house, 0)
    assert judge(house, 119) == {"a": "online"}
    assert judge(house, 121) == {"a": "late"}


def test_the_rhythm_is_learned_where_none_is_declared(house: House) -> None:
    send(house, *(s for hour in range(-5, 0) for s in range(hour * 3600, hour * 3600 + 3600, 900)))
    judge(house, 0)
    found = house.ask("select interval_s, interval_source, late_after_s from gold.device_status")
    assert found == [(900.0, "learned", 1800.0)]


def test_a_rhythm_slower_than_an_hour_is_learned_too(house: House) -> None:
    send(house, *(hour * 3600.0 for hour in range(-48, 1, 6)))
    judge(house, 3600)
    assert house.ask("select interval_s from gold.device_status") == [(6 * 3600.0,)]


def test_without_a_rhythm_an_hour_is_late_and_a_day_is_offline(house: House) -> None:
    send(house, 0)
    assert judge(house, 3599) == {"a": "online"}
    assert judge(house, 3601) == {"a": "late"}
    assert judge(house, 86401) == {"a": "offline"}


def test_history_that_arrives_now_says_nothing_of_now(sender: House) -> None:
    judge(sender, 9000)
    LakeBuilder(sender.paths, start_ms=1_765_000_000_000).land(
        *(said("a", s - 90 * 86400, received=9100, t=1) for s in range(5))
    )
    sender.run()
    assert judge(sender, 9200) == {"a": "offline"}
    assert since(sender) == 6000


def test_batteries_are_put_into_bins(house: House) -> None:
    LakeBuilder(house.paths).land(
        said("a", 0, battery_level=20), said("b", 0, battery=20.5), said("c", 0, battery=81, battery_voltage=3),
        said("d", 0, battery_voltage=3.1),
    )  # fmt: skip
    house.run()
    judge(house, 1)
    found = house.ask("select battery, battery_bin from gold.device_status order by device_id")
    assert found == [(20, "critical"), (20.5, "low"), (81, "high"), (None, None)]


def test_the_check_names_who_is_silent_with_figures_to_plot(sender: House) -> None:
    with sender.open() as connection:
        checks = {c.name: c for c in update(connection, STATUS, at(1500), run_id=RUN).checks}
    silent = checks["silent_devices"]
    assert (silent.passed, silent.blocking, silent.failing) == (False, False, 1)
    assert silent.facts == {"online": 0, "late": 1, "offline": 0, "never_seen": 0}
    assert silent.sample[0]["device_id"] == "a"


@given(st.lists(st.floats(-0.4, 0.4), min_size=5, max_size=40))
@settings(max_examples=25, suppress_health_check=[HealthCheck.function_scoped_fixture])
def test_jitter_of_up_to_two_fifths_of_its_interval_never_changes_a_state(
    empty_house: duckdb.DuckDBPyConnection, jitter: list[float]
) -> None:
    connection = empty_house
    connection.execute("begin; delete from gold.device_events; delete from gold.device_status; commit")
    for number, shift in enumerate(jitter):
        heard = NOON + timedelta(seconds=600 * (number + shift))
        connection.execute("delete from gold.latest")
        connection.execute(
            "insert into gold.latest by name select 'a' as device_id, 'm' as metric, $at::timestamptz as event_at,"
            " 1 as value, []::varchar[] as flags, event_at as received_at, uuid() as message_id",
            {"at": heard},
        )
        for look in (1, 300, 599 * (1 - 0.8 * abs(shift))):
            update(connection, STATUS, heard + timedelta(seconds=look), run_id=RUN)
    assert connection.execute("select count(*) from gold.device_events").fetchall() == [(1,)]


@pytest.fixture
def empty_house(house: House) -> Any:
    with house.open() as connection:
        connection.execute(
            "insert into silver.devices (device_id, origin, valid_from_at, first_seen_at, expected_interval_s)"
            " values ('a', 'declared', ?, ?, 600)",
            [datetime(2025, 1, 1, tzinfo=UTC)] * 2,
        )
        yield connection
