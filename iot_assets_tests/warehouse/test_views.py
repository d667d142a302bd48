"""The star for BI tools: every fact finds its device and hour, and what there is of a kind stands side by side."""

from __future__ import annotations

import re
import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING, Any

import duckdb
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.sections.status import Status
from iot_assets.warehouse import device_status, export, views
from iot_assets.warehouse.column_names import column_names
from iot_assets_tests.house import House, house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, at, registry, said

if TYPE_CHECKING:
    from iot_assets_tests.lake_builder import Message

PUMPS = registry(-60, {"p": {"kind": "pump", "site": "north"}, "q": {"kind": "pump"}})


def published(house: House, *messages: Message) -> House:
    LakeBuilder(house.paths).land(*messages)
    house.run()
    house.publish()
    return house


def ask(house: House, sql: str, zone: str = "UTC") -> list[tuple[Any, ...]]:
    with duckdb.connect(str(house.paths.serving), read_only=True) as connection:
        connection.execute(f"set TimeZone = '{zone}'")
        return connection.execute(sql).fetchall()


def columns(house: House, view: str) -> list[str]:
    return [name for name, *_ in ask(house, f"describe gold.{view}")][3:]


def test_metrics_of_a_kind_stand_side_by_side_by_hour(house: House) -> None:
    published(
        house, PUMPS, said("p", 0, Flow=1, rpm=10), said("p", 9, Flow=3), said("q", 3600, Flow=5), said("x", 0, t=1)
    )
    assert ask(house, "select device_id, hour_at, flow, rpm from gold.fact_device_metrics_pump order by all") == [
        ("p", at(0), 2.0, 10.0),
        ("q", at(3600), 5.0, None),
    ]
    assert ask(house, "select device_id, t from gold.fact_device_metrics_without_kind") == [("x", 1.0)]


def test_what_formulas_give_stands_beside_what_was_measured(tmp_path: Path) -> None:
    house = house_in(tmp_path, formulas=[{"name": "power", "formula": "mean(u) * mean(i)", "unit": "W"}])
    published(house, said("a", 0, u=2, i=3))
    assert ask(house, "select u, i, power from gold.fact_device_metrics_without_kind") == [(2.0, 3.0, 6.0)]
    assert ask(house, "select source, n, value, unit from gold.fact_device_metrics where metric = 'power'") == [
        ("derived", 1, 6.0, "W")
    ]


def test_the_comment_of_a_wide_view_says_what_its_columns_are(house: House) -> None:
    odd: dict[str, Any] = {"Flow rate": 1}
    metrics = registry(-60, {"p": {"kind": "pump", "metrics": {"Flow rate": {"unit": "L/min"}}}})
    published(house, metrics, said("p", 0, T=1), said("p", 1, **odd))
    ((comment,),) = ask(house, "select comment from duckdb_views() where view_name = 'fact_device_metrics_pump'")
    assert comment.endswith("of the kind pump, a column a metric. flow_rate: Flow rate [L/min]; t: T.")


def test_a_new_metric_is_a_new_column_and_one_whose_newest_reading_is_a_text_keeps_its_own(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("a", 0, flow=1, state="on"))
    house.run()
    house.publish()
    assert columns(house, "fact_device_metrics_without_kind") == ["flow"]
    lake.land(said("a", 5, flow="broken", rpm=3))
    house.run()
    house.publish()
    assert columns(house, "fact_device_metrics_without_kind") == ["flow", "rpm"]
    assert ask(house, "select flow, rpm from gold.fact_device_metrics_without_kind") == [(1.0, 3.0)]


def test_hours_that_only_the_lake_has_are_in_the_star_too(house: House) -> None:
    LakeBuilder(house.paths).land(PUMPS, *(said("p", 86_400 * day, flow=day, online=day % 2) for day in range(5)))
    house.run()
    with house.open() as connection:
        exported = export.export(connection, closed_after=timedelta(0), hot_days=2, grace=timedelta(hours=1))
    assert exported.evicted > 0
    house.publish(whole_rows=0)
    assert ask(house, "select sum(flow), count(*) from gold.fact_device_metrics_pump") == [(10.0, 5)]
    assert ask(house, "select count(*) from gold.fact_device_metrics where metric = 'flow'") == [(5,)]
    assert ask(house, "select count(*) from gold.fact_device_events where kind in ('birth', 'death')") == [(5,)]


def test_a_device_that_becomes_of_another_kind_is_seen_with_its_present_kind(house: House) -> None:
    published(house, PUMPS, said("p", 0, flow=1), registry(60, {"p": {"kind": "valve"}}))
    assert ask(house, "select device_id, flow from gold.fact_device_metrics_valve") == [("p", 1.0)]
    assert ask(house, "select view_name from duckdb_views() where view_name like '%_pump'") == []


def test_each_fact_names_the_row_of_its_device_that_held_then(house: House) -> None:
    moved = registry(7200, {"p": {"kind": "pump", "site": "south"}})
    published(house, PUMPS, said("p", -86_400, received=0, m=1), said("p", 0, m=2), moved, said("p", 7200, m=3))
    assert ask(
        house,
        "select f.value, d.site, d.version, d.is_current from gold.fact_device_metrics f"
        " join gold.dim_device d using (device_key) order by f.hour_at",
    ) == [(1.0, "north", 1, False), (2.0, "north", 1, False), (3.0, "south", 2, True)]
    assert ask(house, "select device_key, is_current, withdrawn_at from gold.dim_device order by 1") == [
        ("p#1", False, None),
        ("p#2", True, None),
        ("q#1", True, at(7200)),
    ]


def test_each_key_is_there_once_and_each_fact_finds_its_device_and_its_hour(house: House) -> None:
    moved = registry(7200, {"p": {"site": "south"}})
    published(
        house, PUMPS, said("p", -86_400, received=0, m=1, online=1), moved, said("p", 9000, online=0), said("x", 0, t=1)
    )
    for fact in ("fact_device_metrics", "fact_device_events"):
        (rows,) = ask(house, f"select count(*) from gold.{fact}")[0]
        joined = f"gold.{fact} join gold.dim_device using (device_key) join gold.dim_time using (hour_at)"
        assert ask(house, f"select count(*) from {joined}") == [(rows,)]
        assert rows > 2
    for view in views.VIEWS:
        if view.key:
            key = ", ".join(view.key)
            assert ask(house, f"select {key} from {view.full_name} group by all having count(*) > 1") == []


@pytest.mark.parametrize("zone", ["UTC", "Asia/Kolkata", "America/St_Johns"])
def test_hours_and_their_calendar_are_those_of_utc_whatever_zone_the_session_has(house: House, zone: str) -> None:
    published(house, said("a", 0, m=1, online=1), said("a", 86_400, m=1))
    hours = ask(house, "select count(*), min(hour_at), max(hour_at) from gold.dim_time", zone)
    assert hours == [(48, NOON - timedelta(hours=12), NOON + timedelta(hours=35))]
    of_noon = "date::varchar, year, quarter, month_name, iso_week, weekday, weekday_name, is_weekend, hour"
    assert ask(house, f"select {of_noon} from gold.dim_time where hour_at = '2025-11-12 12:00:00+00'", zone) == [
        ("2025-11-12", 2025, 4, "November", 46, 3, "Wednesday", False, 12)
    ]
    assert ask(house, "select distinct hour_at from gold.fact_device_events", zone) == [(at(0),)]


def test_births_and_deaths_are_events_and_repeating_them_is_none(house: House) -> None:
    published(house, *(said("a", second, online=value) for second, value in enumerate((1, 1, 0, 0, 1, 1))))
    assert ask(
        house, "select kind, happened_at from gold.fact_device_events where kind <> 'joined' order by happened_at"
    ) == [("birth", at(0)), ("death", at(2)), ("birth", at(4))]


def test_joins_changes_of_the_registry_and_of_state_are_events(house: House) -> None:
    lake = LakeBuilder(house.paths)
    lake.land(said("p", 0, m=1), registry(60, {"p": {"site": "north"}}), registry(120, {"p": {"site": "south"}}))
    house.run()
    with house.open() as connection:
        device_status.update(connection, Status(), at(30), run_id="a")
        device_status.update(connection, Status(), at(86_400 * 9), run_id="b")
    house.publish()
    found = ask(house, "select kind, happened_at, subject from gold.fact_device_events order by happened_at, kind")
    assert [(kind, when) for kind, when, _ in found][:3] == [
        ("joined", at(0)),
        ("online", at(0)),
        ("registry_change", at(120)),
    ]
    assert [kind for kind, *_ in found][3:] == ["offline"]
    assert found[3][2] == "online"


def test_readings_that_break_a_rule_one_after_the_other_are_one_event(tmp_path: Path) -> None:
    house = house_in(tmp_path, rules=[{"name": "hot", "kind": "range", "metrics": ["t"], "high": 5}])
    LakeBuilder(house.paths).land(*(said("a", second, t=9) for second in (0, 60, 1800, 9000)))
    house.run()
    # Published are the hits of recent weeks only.
    assert house.ask(
        "select happened_at, until_at, subject, metric, count from gold.fact_device_events"
        " where kind = 'rule_hit' order by 1",
    ) == [(at(0), at(1800), "hot", "t", 3), (at(9000), at(9000), "hot", "t", 1)]


def test_an_alarm_is_an_event_of_each_device_that_it_names(house: House) -> None:
    LakeBuilder(house.paths).land(said("a", 0, t=1))
    house.run()
    alert = "'{}', '{}', '', 'warning', 'It is so.', '{}', 2, 'open', now(), timestamptz '2025-11-12 12:30:00+00'"
    with house.open() as connection:
        for number, (cause, items) in enumerate([("device_offline", '["a", "b"]'), ("disk_space", '["/"]')]):
            connection.execute(f"insert into gold.alerts values ({alert.format(number, cause, items)}{', null' * 5})")
    house.publish()
    assert ask(
        house,
        "select device_key, device_id, subject, summary from gold.fact_device_events where kind = 'alarm' order by all",
    ) == [
        ("a#1", "a", "device_offline", "It is so."),
        (None, "b", "device_offline", "It is so."),
        (None, None, "disk_space", "It is so."),
    ]


@pytest.mark.parametrize(
    "kind", ["it's; drop table gold.latest", "{columns}", '"', "Pumpe für Öl", "x" * 300, "水泵", "", "nul\0"]
)
def test_no_name_that_anybody_gives_breaks_a_publication(house: House, kind: str) -> None:
    odd: dict[str, Any] = {
        "it's": 1,
        '"; --': 2,
        "{of_kind}": 3,
        "hour_at": 4,
        "温度": 5,
        "Temp": 6,
        "temp": 7,
        "a.b/c#1": 8,
        "9": 9,
    }
    published(house, registry(-60, {"p": {"kind": kind}}), said("p", 0, **odd))
    views_of_kinds = ask(house, "select view_name from duckdb_views() where view_name like 'fact_device_metrics_%'")
    if "\0" in kind:
        assert views_of_kinds == []
        return
    ((view,),) = views_of_kinds
    assert re.fullmatch(r"[a-z_0-9]+", view)
    (row,) = ask(house, f"select * from gold.{view}")
    assert sorted(row[3:]) == [1, 2, 3, 4, 5, 6, 7, 8, 9]


def test_a_kind_with_very_many_metrics_has_no_view_of_its_own(house: House) -> None:
    many: dict[str, Any] = {f"m{number}": number for number in range(views.MOST_COLUMNS + 1)}
    published(house, PUMPS, said("p", 0, flow=1), said("x", 0, **many))
    assert ask(house, "select view_name from duckdb_views() where view_name like 'fact_device_metrics_%'") == [
        ("fact_device_metrics_pump",)
    ]


def test_the_duckdb_program_reads_every_view_under_any_name_of_the_file(house: House) -> None:
    published(house, PUMPS, said("p", 0, flow=1))
    found = ask(house, "select view_name from duckdb_views() where not internal")
    assert len(found) > len(views.VIEWS)
    program = Path(sys.executable).with_name("duckdb")
    sql = "".join(f"select count(*) >= 0 from elsewhere.gold.{view};" for (view,) in found)
    done = subprocess.run(
        [program, "-csv", "-noheader", "-c", f"attach '{house.paths.serving}' as elsewhere (read_only); {sql}"],
        capture_output=True,
        text=True,
        check=True,
    )
    assert done.stdout.split() == ["true"] * len(found)


def test_views_of_the_warehouse_are_made_anew_when_they_are_others(house: House) -> None:
    with house.open() as connection:
        connection.execute("update ops.migrations set name = 'of before' where number = 0")
        connection.execute("create or replace view gold.dim_time as select 1 as one")
    assert house.ask("select count(*) from gold.dim_time") == [(0,)]


@st.composite
def things(draw: st.DrawFn) -> list[tuple[str, str]]:
    names = st.text(alphabet="aAbB_ .9é", max_size=4) | st.sampled_from(["temp", "Temp", "temp_3abe89", "hour_at"])
    return draw(st.lists(st.tuples(names, st.sampled_from(["measured", "derived"])), unique=True, max_size=12))


@settings(suppress_health_check=[HealthCheck.too_slow])
@given(things(), st.randoms())
def test_names_of_columns_are_plain_differ_and_do_not_depend_on_the_order(
    named: list[tuple[str, str]], chance: Any
) -> None:
    found = dict(zip(named, column_names(named, taken=["hour_at"]), strict=True))
    assert len({*found.values(), "hour_at"}) == len(found) + 1
    assert all(re.fullmatch(r"[a-z][a-z0-9_]*", name) for name in found.values())
    shuffled = list(named)
    chance.shuffle(shuffled)
    assert dict(zip(shuffled, column_names(shuffled, taken=["hour_at"]), strict=True)) == found


QUESTIONS = re.findall(
    r"```sql\n(.*?)```", (Path(__file__).parents[2] / "docs" / "derived.md").read_text("utf-8"), re.DOTALL
)


def test_there_are_five_questions_in_the_docs() -> None:
    assert len(QUESTIONS) == 5


@pytest.fixture(scope="module")
def asked(tmp_path_factory: pytest.TempPathFactory) -> House:
    """A house with a climate sensor that moves to another site, and a meter."""
    climate: dict[str, object] = {"kind": "climate", "site": "north"}
    meter: dict[str, object] = {"kind": "meter", "site": "north"}
    return published(
        house_in(tmp_path_factory.mktemp("asked")),
        registry(-60, {"c": climate, "m": meter}),
        said("c", 0, temperature=19, humidity=50),
        said("c", 3600, temperature=22, humidity=70),
        said("c", 3660, temperature=23, humidity=80),
        said("m", 0, Voltage=230, Current=2),
        registry(7200, {"c": climate | {"site": "south"}, "m": meter}),
        said("c", 86_400, temperature=30, humidity=90),
    )


@pytest.mark.parametrize(
    ("number", "rows"),
    [
        (0, [("north", "2025-11-12", 64 / 3, 19.0, 23.0), ("south", "2025-11-13", 30.0, 30.0, 30.0)]),
        (1, [(3, "Wednesday", 12, 50.0, 1), (3, "Wednesday", 13, 75.0, 1), (4, "Thursday", 12, 90.0, 1)]),
        (2, [("c", 20.0, 1, 75.0), ("c", 30.0, 1, 90.0)]),
        (3, [("north", 2025, 46, "joined", 2, 2), ("south", 2025, 46, "registry_change", 1, 1)]),
        (4, [("m", "north", False, 460.0, "W")]),
    ],
)
def test_each_question_of_the_docs_is_answered(asked: House, number: int, rows: list[tuple[Any, ...]]) -> None:
    found = [tuple(str(v) if hasattr(v, "isoformat") else v for v in row) for row in ask(asked, QUESTIONS[number])]
    assert found == [tuple(pytest.approx(v) if isinstance(v, float) else v for v in row) for row in rows]
