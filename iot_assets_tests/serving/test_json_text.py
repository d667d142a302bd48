"""JSON text made column by column says what json.dumps would say of the same rows."""

from __future__ import annotations

import json
import math
from datetime import UTC, datetime
from typing import Any

import duckdb
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.serving.api.formats import FORMATS

_INSTANTS = st.datetimes(datetime(1900, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - bounds have none
_ROWS = st.lists(
    st.tuples(
        st.none() | st.text(),
        st.none() | st.floats(),
        st.none() | st.integers(-(2**63), 2**63 - 1),
        st.none() | st.booleans(),
        st.none() | _INSTANTS,
        st.none() | st.uuids(),
        st.none() | st.dates(),
        st.none() | st.binary(max_size=8),
        st.none() | st.lists(st.none() | st.text(max_size=5), max_size=3),
    ),
    min_size=1,
    max_size=5,
)
_KINDS = "a text, b double, c bigint, d boolean, e timestamptz, f uuid, g date, h blob, i text[]"


@settings(max_examples=60, derandomize=True, database=None)
@given(rows=_ROWS)
def test_any_rows_read_back_as_what_they_are(rows: list[tuple[Any, ...]]) -> None:
    with duckdb.connect(":memory:") as connection:
        connection.execute(f"set TimeZone = 'UTC'; create table t (n int, {_KINDS})")
        for number, row in enumerate(rows):
            connection.execute("insert into t values (?, ?, ?, ?, ?, ?, ?, ?, ?, ?)", [number, *row])
        for decimals in (3, 6):
            ordered = "select * exclude (n) from t order by n"
            text = b"".join(FORMATS["json"].streamed(connection, ordered, decimals))
            assert json.loads(text) == [_plain(row, decimals) for row in rows]


def _plain(row: tuple[Any, ...], decimals: int) -> dict[str, Any]:
    text, number, whole, truth, at, uuid, day, data, listed = row
    import base64

    return {
        "a": text,
        "b": number if number is not None and math.isfinite(number) else None,
        "c": whole,
        "d": truth,
        "e": None if at is None else at.strftime("%Y-%m-%dT%H:%M:%S.") + f"{at.microsecond:06}"[:decimals] + "Z",
        "f": None if uuid is None else str(uuid),
        "g": None if day is None else day.isoformat(),
        "h": None if data is None else base64.b64encode(data).decode(),
        "i": listed,
    }


def test_names_of_columns_are_escaped_and_structs_and_decimals_are_json() -> None:
    with duckdb.connect(":memory:") as connection:
        rows = """select 1 as "a""b", {'x': [1.5, null]} as s, 2.5::decimal(9, 2) as d, 20.0 as f, time '10:41' as t"""
        text = b"".join(FORMATS["ndjson"].streamed(connection, rows))
        found = json.loads(text)
        assert {name: found[name] for name in ('a"b', "s", "d", "f")} == {
            'a"b': 1,
            "s": {"x": [1.5, None]},
            "d": 2.5,
            "f": 20.0,
        }
        assert b'"f":20.0' in text
