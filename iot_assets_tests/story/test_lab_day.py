"""The main promise on real input: a day at QoS 1, the lander and a materialization killed, every figure exact."""

from __future__ import annotations

import threading
import time
from typing import TYPE_CHECKING, Any, Final

import pytest

from iot_assets_tests.story.day import REAL_DAY, lines_of_the_day, minutes_of, real_day_is_there
from iot_assets_tests.story.kills import publish_through_kills
from iot_assets_tests.story.processes import seeded, wait_for

if TYPE_CHECKING:
    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory
    from iot_assets_tests.story.processes import House

pytestmark = [pytest.mark.story, pytest.mark.broker]

ZONE: Final = "Europe/Bucharest"
ROUTES: Final = [{"topic": "sensors", "convention": "sensor_value", "options": {"timezone": ZONE}}]
KILLS: Final = 5
MESSAGES_PER_SECOND: Final = 15_000
SENT_TWICE: Final = 500
#: A materialization that is to be killed half-way has so much to do, in so small transactions.
WORK_TO_BE_KILLED_IN: Final = 25_000
SMALL_BATCH: Final = 5_000


def test_the_stories_are_told_of_the_real_day() -> None:
    if not real_day_is_there():
        pytest.skip(f"THE REAL DAY WAS NOT USED, a made-up one was: there is no ../shared/samples/{REAL_DAY.name}")


def test_a_day_survives_five_kills_of_the_lander_and_one_of_a_materialization(
    mosquitto: Mosquitto, house_at: HouseFactory
) -> None:
    chance = seeded("the day")
    lines = lines_of_the_day()
    sent = [*lines]
    for line in chance.sample(lines, SENT_TWICE):  # devices repeat themselves, too
        sent.insert(chance.randrange(len(sent)), line)
    house = house_at(mosquitto, routes=ROUTES)
    materialization = Murder(house, chance.uniform(0, 0.7))

    materialization.start()
    promised = publish_through_kills(
        house,
        mosquitto.port,
        [("sensors", line) for line in sent],
        chance=chance,
        kills=KILLS,
        per_second=MESSAGES_PER_SECOND,
    )
    materialization.has_happened()
    # No message came from nowhere, and none is there more often than sent and, after a kill, sent again by the broker.
    assert set(house.landed()) == set(promised)

    house.materialize()
    assert minutes_in_gold(house) == minutes_of(lines, ZONE)
    assert_books_balance(house, telling=len(lines))

    before = fingerprints(house)
    house.materialize()
    assert fingerprints(house) == before


class Murder(threading.Thread):
    """Starts a materialization once there is work for it, and kills it in the midst of silver."""

    def __init__(self, house: House, after_seconds: float) -> None:
        super().__init__(name="murder", daemon=True)
        self._house, self._after = house, after_seconds
        self._error: BaseException | None = None

    def run(self) -> None:
        try:
            self._kill()
        except BaseException as error:  # noqa: BLE001 - handed to the test
            self._error = error

    def has_happened(self) -> None:
        self.join()
        if self._error is not None:
            raise self._error
        applied = dict(self._house.warehouse("select unit, count(*) from ops.applied group by unit"))
        assert applied["bronze"] > applied.get("silver", 0), "it was over before it was killed"

    def _kill(self) -> None:
        wait_for(lambda: self._house.lake().num_rows >= WORK_TO_BE_KILLED_IN, "work", pause=0.5)
        doomed = self._house.materialization(IOT_WAREHOUSE__BATCH_MESSAGES=str(SMALL_BATCH))
        wait_for(lambda: "silver - STEP_START" in doomed.log, "silver's step", pause=0.02)
        time.sleep(self._after)
        doomed.kill()


def minutes_in_gold(house: House) -> dict[tuple[Any, ...], tuple[Any, ...]]:
    found = house.serving("select metric, n, device_id, bucket_at, n_valid, mean, min, max from gold.readings_1min")
    assert {metric for metric, *_ in found} == {"value"}
    assert all(n == n_valid for _, n, _, _, n_valid, *_ in found)
    return {(device_id, bucket_at): tuple(figures) for _, _, device_id, bucket_at, *figures in found}


def assert_books_balance(house: House, *, telling: int) -> None:
    """Every landed message has one outcome; ``telling`` of them brought a reading, all others repeated one."""
    landed = house.landed().total()
    books = house.serving("select outcome, sum(messages)::bigint from silver.outcome_counts group by all order by all")
    assert books == [("duplicate", landed - telling), ("telemetry", telling)]
    files = house.serving("select sum(rows)::bigint, count(*) filter (state <> 'entered') from bronze.files")
    assert files == [(landed, 0)]
    assert house.serving("select count(*) from silver.readings") == [(telling,)]
    assert house.serving("select count(*) from silver.corrections") == [(0,)]


def fingerprints(house: House) -> list[tuple[Any, ...]]:
    """All rows of all tables of data, in short; not of those that each run adds to, or makes as of now."""
    tables = house.warehouse(
        "select schema_name, table_name from duckdb_tables() where schema_name in ('bronze', 'silver', 'gold')"
        " and table_name not in ('quality_log', 'quality_hourly', 'quality_score', 'device_status', 'device_events')"
        " order by all"
    )
    assert len(tables) > 10
    return [
        (schema, name, *house.warehouse(f"select count(*), sum(hash(t)::hugeint) from {schema}.{name} t")[0])
        for schema, name in tables
    ]
