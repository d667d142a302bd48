"""What is told of devices, checks, rules and quality, from the real tables as they are published."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from iot_assets.alerts.looks.place import Place
from iot_assets.alerts.looks.published import PublishedLook
from iot_assets.sections.status import Status
from iot_assets.settings import Settings
from iot_assets.warehouse import ledger
from iot_assets.warehouse.contract import CheckResult
from iot_assets.warehouse.device_status import update
from iot_assets_tests.house import RUN
from iot_assets_tests.lake_builder import NOON, LakeBuilder, at, registry, said

if TYPE_CHECKING:
    from collections.abc import Sequence

    from iot_assets.alerts.alert import Finding
    from iot_assets.alerts.store import Store
    from iot_assets_tests.house import House


def test_silent_devices_are_seen_by_their_site_in_the_published_tables(house: House, store: Store) -> None:
    north = {f"p{n:02}": {"site": "north", "expected_interval_s": 60} for n in range(12)}
    lake = LakeBuilder(house.paths)
    lake.land(registry(-7200, north | {"never": {"site": "south"}}))
    lake.land(*(said(device, 0, t=1) for device in [*north, "stray"]))
    house.run()
    with house.open() as connection:
        update(connection, Status(), at(7200), run_id=RUN)
    house.publish()
    seen = PublishedLook()(Place(Settings(data_dir=house.paths.root), store, at(7200)))
    (offline,) = seen["device_offline"]
    assert (offline.about, offline.count, offline.items[0], len(offline.items)) == ("north", 12, "p00", 10)
    assert [(f.about, f.items) for f in seen["device_late"]] == [("", ("stray",))]
    assert [(f.about, f.items) for f in seen["device_never_seen"]] == [("south", ("never",))]


def test_a_check_fails_until_it_is_judged_well_again_and_what_has_a_cause_of_its_own_is_not_told_twice(
    house: House, store: Store
) -> None:
    def judged(name: str, *, passed: bool, blocking: bool = False) -> CheckResult:
        return CheckResult("silver.readings", name, passed, blocking, "", failing=0 if passed else 3)

    def seen() -> Sequence[Finding]:
        house.publish()
        place = Place(Settings(data_dir=house.paths.root), store, datetime.now(UTC))
        return PublishedLook()(place)["check_failed"]

    def log(*results: CheckResult) -> None:
        LakeBuilder(house.paths, start_ms=1_760_000_000_000 + len(results)).land(said("a", len(results), t=1))
        house.run()
        with house.open() as connection:
            ledger.log(connection, RUN, list(results))

    log(judged("one", passed=False), judged("event_time_lag", passed=False))
    (told,) = seen()
    assert (told.about, told.items, told.severity) == ("silver.readings", ("one (3 rows)",), "warning")
    log(judged("one", passed=True), judged("two", passed=False, blocking=True), judged("three", passed=True))
    (told,) = seen()
    assert (told.items, told.severity) == (("two (3 rows)",), "critical")


def test_readings_that_break_a_rule_are_told_by_the_rule_with_the_series_that_break_it_most(
    house: House, store: Store
) -> None:
    t0 = int((datetime.now(UTC) - NOON).total_seconds()) - 60  # what is long ago is not published
    broken = [said(device, t0 + n, temperature=-200) for device, hits in (("a", 3), ("b", 5)) for n in range(hits)]
    LakeBuilder(house.paths).land(*broken, said("c", t0, temperature=20))
    house.run()
    house.publish()
    look, settings = PublishedLook(), Settings(data_dir=house.paths.root)
    found = {told.about: told for told in look(Place(settings, store, at(t0 + 60)))["rule_hits"]}
    told = found["temperature_sentinel"]
    assert (told.count, told.severity) == (2, "warning")
    assert told.items == ("b temperature (5)", "a temperature (3)")
    assert told.summary == "8 readings of 2 series broke rule temperature_sentinel in the past 60 minutes."
    assert look(Place(settings, store, at(t0 + 3700)))["rule_hits"] == []
