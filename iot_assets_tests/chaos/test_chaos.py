"""A slice of the chaos: some faults of each kind, always the same, none of which does harm; and that harm is seen.

The whole is ``python -m iot_assets_tests.chaos`` (docs/faults.md).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.chaos import crashes, world
from iot_assets_tests.chaos.disk import Disk
from iot_assets_tests.chaos.faults import KINDS
from iot_assets_tests.chaos.ledger import chance_of
from iot_assets_tests.chaos.proxy import Proxy
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at
from iot_assets_tests.landing.harness import Running, numbered, settings_for, wait_for

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.house import House

#: How many faults of a kind are cheap enough for an ordinary run.
SLICE: Final = {
    "crash": 80,
    "crash twice": 60,
    "refuse": 40,
    "tear": 60,
    "change": 60,
    "landed": 60,
    "clock": 30,
    "statement": 2,
}


@pytest.mark.parametrize("kind", SLICE)
def test_no_fault_does_harm(kind: str, tmp_path: Path) -> None:
    outcomes = list(itertools.islice(KINDS[kind].episode(chance_of(1, kind, 0), tmp_path), SLICE[kind]))
    assert len(outcomes) >= SLICE[kind] // 2
    assert [f"{o.fault}: {o.problem}" for o in outcomes if o.problem is not None] == []


def test_a_disk_that_does_not_keep_its_word_is_found_out(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Disk, "_os_fsync", lambda self, real, descriptor: None)
    problems = [
        o.problem for o in crashes.crash_everywhere(chance_of(1, "crash", 0), tmp_path) if o.problem is not None
    ]
    assert any("acknowledged messages are lost" in problem for problem in problems)


def test_a_reading_too_few_is_found_out(house: House) -> None:
    lake = LakeBuilder(house.paths)
    noon = NOON.timestamp()
    lake.land(
        *(Message(received_at=at(n), topic=world.TOPIC, payload=world.payload("a", noon + n, n)) for n in range(3))
    )
    house.run()
    with house.open() as connection:
        assert world.wrong(connection, world.seen(house.paths)) is None
        connection.execute("delete from silver.readings where value = 1")
        assert "silver.readings: 1 rows missing" in str(world.wrong(connection, world.seen(house.paths)))


@pytest.mark.broker
def test_the_proxy_knows_what_a_subscriber_has_acknowledged(mosquitto: Mosquitto, tmp_path: Path) -> None:
    proxy = Proxy(mosquitto.port)
    try:
        with Running(settings_for(tmp_path / "data", proxy.port)) as lander:
            lander.connected()
            mosquitto.publish(numbered(300))
            wait_for(lambda: (s := lander.status) and s.acknowledged_messages == 300, "all acknowledged")
        assert proxy.acknowledged == {payload for _, payload in numbered(300)}
        assert proxy.pubacks == 300
    finally:
        proxy.close()
