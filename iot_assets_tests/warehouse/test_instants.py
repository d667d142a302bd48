"""The quick ways to a minute, an hour and a day give what DuckDB's calendar gives."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

from hypothesis import given
from hypothesis import strategies as st

from iot_assets.warehouse.connection import Warehouse

if TYPE_CHECKING:
    import pytest

INSTANTS = st.datetimes(datetime(1970, 1, 1), datetime(2200, 1, 1), timezones=st.just(UTC))  # noqa: DTZ001 - st wants it


def test_an_instant_lies_in_the_minute_hour_and_day_that_the_calendar_says(
    tmp_path_factory: pytest.TempPathFactory,
) -> None:
    with Warehouse(tmp_path_factory.mktemp("w") / "iot.duckdb").connect() as connection:

        @given(INSTANTS)
        def same(instant: datetime) -> None:
            connection.execute("set variable instant = ?", [instant])
            for width in ("minute", "hour", "day"):
                quick, slow = f"{width}_of(getvariable('instant'))", f"date_trunc('{width}', getvariable('instant'))"
                assert connection.execute(f"select {quick} = {slow}").fetchall() == [(True,)]
            days = "select date_of(getvariable('instant')) = getvariable('instant')::date"
            assert connection.execute(days).fetchall() == [(True,)]

        same()
