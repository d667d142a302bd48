"""Column lineage: what SQL says of columns, and that what is said of the tables is so."""

from __future__ import annotations

import dagster as dg
import pytest
from sql_columns import Follower

from iot_assets.assets.lineage import comes_from, goes_into
from iot_assets.assets.specs import spec_of
from iot_assets.lake.landed import LANDED_SCHEMA
from iot_assets.warehouse.tables import LATEST, READINGS_1H, TABLES

#: Tables that are no function of other tables' columns: the settings, checks and people say what is in them.
_FROM_OUTSIDE = {"bronze.files", "gold.formulas", "gold.quality_log", "gold.alerts"}


def followed(*statements: str) -> dict[str, set[str]]:
    """What ``made.to`` comes from after these statements; ``made.source`` has the columns a, b, c and l."""
    follower = Follower({"made.source": ["a", "b", "c", "l"], "made.to": ["x", "y"]})
    for statement in statements:
        follower.follow(statement)
    return {column: {name for _, name in sources} for column, sources in follower.comes_from["made.to"].items()}


def test_columns_are_followed_through_temporary_tables() -> None:
    assert followed(
        "create or replace temp table one as with w as (select a, b + c as d from made.source) select * from w",
        "create temp table two as select one.* exclude (a) replace (d * 2 as d) from one",
        "insert into made.to by name select d as y, 1 as x from two",
    ) == {"x": set(), "y": {"b", "c"}}


def test_an_insert_without_names_goes_by_place() -> None:
    assert followed("insert into made.to select c, a from made.source") == {"x": {"c"}, "y": {"a"}}
    assert followed("insert into made.to (y, x) select c, a from made.source") == {"x": {"a"}, "y": {"c"}}


def test_several_statements_add_up() -> None:
    assert followed(
        "insert into made.to by name select a as x from made.source union all by name select b as y from made.source",
        "update made.to set x = s.c from made.source s where s.a = made.to.y",
    ) == {"x": {"a", "c"}, "y": {"b"}}


def test_fields_of_structs_are_told_apart() -> None:
    assert followed(
        "create temp table t as select max(case when a > 0 then {'at': b, 'value': c} end) as newest from made.source",
        "insert into made.to by name select newest.value as x, t.newest.at as y from t",
    ) == {"x": {"c"}, "y": {"b"}}


@pytest.mark.parametrize(
    "query",
    [
        "select s.a as x from made.source s semi join made.to t on t.y = s.b",
        "select a as x from made.source where b > 0 qualify row_number() over (order by c) = 1",
        "select a as x from made.source join made.to on y = b where exists (select c from made.source)",
    ],
)
def test_what_only_chooses_rows_does_not_count(query: str) -> None:
    assert followed(f"insert into made.to by name {query}")["x"] == {"a"}


def test_values_of_scalar_queries_lists_and_parameters_count() -> None:
    assert followed(
        "create temp table t as select ?::integer as p, list_filter(l, lambda e: e <> 1) as f from made.source",
        "insert into made.to by name select (select max(b) from made.source) as x, f || p as y from t",
    ) == {"x": {"b"}, "y": {"l"}}


def test_of_a_structure_that_another_column_chooses_each_field_is_followed() -> None:
    assert followed(
        "create temp table t as select arg_min({'one': a, 'two': b}, c) as chosen from made.source",
        "insert into made.to by name select chosen.one as x, chosen.two as y from t",
    ) == {"x": {"a", "c"}, "y": {"b", "c"}}


def test_columns_that_become_rows_are_followed() -> None:
    assert followed(
        "create temp table t as select l, 2 * sum(columns(* exclude (l, c))) from made.source group by l",
        "insert into made.to by name from (unpivot t on a, b into name x value y) select x, y",
    ) == {"x": set(), "y": {"a", "b"}}


def test_what_cannot_be_followed_is_refused() -> None:
    with pytest.raises(ValueError, match="no column nowhere"):
        followed("insert into made.to by name select nowhere as x from made.source")
    with pytest.raises(ValueError, match="no table unheard_of"):
        followed("insert into made.to by name select x from unheard_of")


def test_everything_that_is_told_exists() -> None:
    columns = {name: {c.name for c in table.columns} for name, table in TABLES.items()}
    columns["lake.landed"] = set(LANDED_SCHEMA.names)
    for table, links in comes_from().items():
        assert set(links) <= columns[table]
        for sources in links.values():
            for source, names in sources.items():
                assert set(names) <= columns[source]


def test_every_table_made_by_sql_has_its_columns_traced() -> None:
    assets = {name for name in TABLES if not name.startswith("ops.")}
    assert set(comes_from()) == assets - _FROM_OUTSIDE
    untraced = {
        f"{name}.{key}"
        for name, table in TABLES.items()
        if name in comes_from()
        for key in table.key
        if key not in comes_from()[name]
    }
    assert untraced == UNTRACED


#: Parts of keys that come from no column: names of rules and formulas, kinds of scopes, when something was found.
UNTRACED = {
    "gold.rule_hits.rule",
    "gold.quality_score.scope",
    "gold.derived_1h.metric",
    "gold.derived_1d.metric",
    "gold.device_events.recorded_at",
}


def test_rollups_come_from_the_finer_ones() -> None:
    assert comes_from()["gold.readings_1h"]["first"] == {"gold.readings_1min": ["first", "first_at"]}
    assert comes_from()["gold.readings_1h"]["mean"] == {"gold.readings_1min": ["n_valid", "sum"]}
    assert goes_into()["gold.readings_1h"]["first_at"]["gold.readings_1d"] == ["first", "first_at", "first_message_id"]


def test_dagster_is_told_as_data_and_in_words() -> None:
    metadata = spec_of(READINGS_1H, []).metadata
    lineage = metadata["dagster/column_lineage"]
    assert list(lineage.deps_by_column["min"]) == [dg.TableColumnDep(dg.AssetKey(["gold", "readings_1min"]), "min")]
    words = {c.name: c.description for c in metadata["dagster/column_schema"].columns}
    assert "*from* [gold.readings_1min](/assets/gold/readings_1min) `min`" in words["min"]
    assert "*into* [gold.readings_1d](/assets/gold/readings_1d) `min`" in words["min"]
    assert spec_of(LATEST, []).metadata["dagster/column_lineage"].deps_by_column["value"]
