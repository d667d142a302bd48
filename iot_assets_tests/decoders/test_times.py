# ruff: noqa: DTZ001 - a wall clock without a zone is what devices send and what is tested
"""Times: each form means one instant, exactly, held against a reading of it in plain Python."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from functools import cache
from zoneinfo import ZoneInfo

import duckdb
import pyarrow as pa
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from iot_assets.decoders.decode import connect
from iot_assets.decoders.times import timed

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)
ZONES = ("Europe/Berlin", "America/New_York", "Asia/Kolkata", "Australia/Lord_Howe", "America/Sao_Paulo", "UTC")


def instants(
    texts: list[str], *, timezone: str | None = None, unit: str = "auto"
) -> list[tuple[int | None, bool | None]]:
    with engine().cursor() as con:
        con.register("texts", pa.table({"n": range(len(texts)), "t": pa.array(texts, pa.string())}))
        source = "select n, t from texts"
        query = f"select us, naive from ({timed(source, timezone=timezone, epoch_unit=unit)}) order by n"
        return [(row[0], row[1]) for row in con.execute(query).fetchall()]


@cache
def engine() -> duckdb.DuckDBPyConnection:
    return connect()


def instant(text: str, *, timezone: str | None = None, unit: str = "auto") -> int | None:
    return instants([text], timezone=timezone, unit=unit)[0][0]


def micros(at: datetime) -> int:
    return (at - EPOCH) // timedelta(microseconds=1)


def spelled(text: str) -> int | None:
    """Microseconds of an ISO text by Python's own arithmetic; a naive one in UTC."""
    match = re.fullmatch(
        r"(\d{4})-(\d\d)-(\d\d)(?:[Tt ](\d\d):(\d\d)(?::(\d\d)(?:[.,](\d+))?)?( ?(?:[Zz]|([+-])(\d\d):?(\d\d)?))?)?",
        text,
    )
    if match is None:
        return None
    year, month, day, hour, minute, second = (int(match[n] or 0) for n in range(1, 7))
    try:
        local = datetime(year, month, day, hour, minute, second, tzinfo=UTC)
    except ValueError:
        return None
    offset = int(match[10] or 0) * 60 + int(match[11] or 0)
    if int(match[10] or 0) > 23 or int(match[11] or 0) > 59:
        return None
    east = -1 if match[9] == "-" else 1
    return micros(local) + int(((match[7] or "") + "000000")[:6]) - east * offset * 60_000_000


def in_zone(wall: datetime, zone: str) -> int:
    """The second pass of an hour that happens twice; the offset from before in an hour that is missing."""
    first, second = (wall.replace(tzinfo=ZoneInfo(zone), fold=fold).astimezone(UTC) for fold in (0, 1))
    return micros(first if first.astimezone(ZoneInfo(zone)).replace(tzinfo=None) != wall else second)


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("2025-11-12T08:32:34.162205", "2025-11-12T08:32:34.162205+00:00"),
        ("2025-11-12T08:32:34.1622059", "2025-11-12T08:32:34.162205+00:00"),
        ("2025-11-12T08:32:34.999999999Z", "2025-11-12T08:32:34.999999+00:00"),
        ("2025-11-12 08:32", "2025-11-12T08:32:00+00:00"),
        ("2025-11-12 08:32:34,5", "2025-11-12T08:32:34.500000+00:00"),
        ("2025-11-12", "2025-11-12T00:00:00+00:00"),
        ("2025-11-12t08:32:34z", "2025-11-12T08:32:34+00:00"),
        ("2025-11-12 08:32:34 Z", "2025-11-12T08:32:34+00:00"),
        ("2025-11-12T08:32:34+02", "2025-11-12T06:32:34+00:00"),
        ("2025-11-12T08:32:34-0530", "2025-11-12T14:02:34+00:00"),
        ("2025-11-12T08:32+05:45", "2025-11-12T02:47:00+00:00"),
        ("2024-02-29T23:59:59Z", "2024-02-29T23:59:59+00:00"),
    ],
)
def test_iso_times_are_read_to_the_microsecond(text: str, expected: str) -> None:
    assert instant(text) == micros(datetime.fromisoformat(expected))


@pytest.mark.parametrize(
    "text",
    [
        "", " ", "now", "infinity", "-infinity", "epoch", "NaN", "1e", "1e400", "0x10", ".5", "1_700_000_000",
        "99999999999999999999", "2019-02-29T23:00:07Z", "2025-13-01", "2025-11-31", "12.11.2025", "٢٠٢٥-11-12",
        "2025-11-12T", "2025-11-12Z", "2025-11-12T24:00:00", "2025-11-12T08:60:00", "2025-11-12T08:32:60",
        "2025-11-12T8:32:34", "2025-11-12T08:32:34.", "2025-11-12T08:32:34+24:00", "2025-11-12T08:32:34Z\n",
        "2025-11-12T08:32:34 Europe/Berlin",
    ],
)  # fmt: skip
def test_what_is_no_time_has_no_instant(text: str) -> None:
    assert instant(text) is None
    assert instant(text, timezone="Europe/Berlin", unit="s") is None


@pytest.mark.parametrize(
    ("text", "us"),
    [
        ("1762936354", 1762936354_000000),
        ("1762936354.162205", 1762936354_162205),
        ("1762936354.1622059", 1762936354_162205),
        ("1762936354162", 1762936354_162000),
        ("1762936354162.205", 1762936354_162205),
        ("1762936354162205", 1762936354_162205),
        ("1762936354162205999", 1762936354_162205),
        ("+1762936354", 1762936354_000000),
        ("1.762936354e9", 1762936354_000000),
        ("99999999999", 99999999999_000000),
        ("100000000000", 100000000_000000),
        ("99999999999999", 99999999999_999000),
        ("100000000000000", 100000000_000000),
        ("99999999999999999", 99999999999_999999),
        ("100000000000000000", 100000000_000000),
        ("0", 0),
        ("-1", -1_000000),
        ("-9223372036854775808", -9223372036854775),
    ],
)
def test_the_unit_of_an_epoch_is_told_by_its_magnitude(text: str, us: int) -> None:
    assert instant(text) == us


@pytest.mark.parametrize(
    ("unit", "us"), [("s", 2 * 10**17), ("ms", 1762936354162_000), ("us", 1762936354162), ("ns", 1762936354)]
)
def test_a_declared_unit_wins_over_the_magnitude(unit: str, us: int) -> None:
    assert instant("1762936354162", unit=unit) == us


def test_a_naive_time_is_told_from_one_with_a_zone() -> None:
    texts = ["2025-11-12T08:32:34", "2025-11-12", "2025-11-12T08:32:34Z", "1762936354"]
    assert [naive for _, naive in instants(texts)] == [True, True, False, False]


def test_where_the_clock_goes_back_the_second_pass_is_taken() -> None:
    assert instant("2025-10-26T02:30:00", timezone="Europe/Berlin") == spelled("2025-10-26T01:30:00Z")


def test_where_the_clock_goes_forward_the_offset_from_before_is_used() -> None:
    assert instant("2025-03-30T02:30:00", timezone="Europe/Berlin") == spelled("2025-03-30T01:30:00Z")


_DIGITS = st.text("0123456789", min_size=1, max_size=9)


@given(
    days=st.lists(st.datetimes(datetime(1971, 1, 1), datetime(2200, 1, 1)), min_size=1, max_size=40),
    fraction=st.none() | _DIGITS,
    between=st.sampled_from("T t"),
    zone=st.sampled_from(["", "Z", "z", "+00:00", "-23:59", "+0530", "+14", " Z", " +02:00"]),
    seconds=st.booleans(),
)
@settings(max_examples=40)
def test_iso_times_equal_pythons_reading(
    days: list[datetime], fraction: str | None, between: str, zone: str, *, seconds: bool
) -> None:
    form = f"%Y-%m-%d{between}%H:%M" + (":%S" if seconds else "")
    tail = f".{fraction}" if fraction and seconds else ""
    texts = [day.strftime(form) + tail + zone for day in days]
    assert [us for us, _ in instants(texts)] == [spelled(text) for text in texts]


@given(
    texts=st.lists(
        st.from_regex(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(T[0-9]{2}:[0-9]{2}(:[0-9]{2})?Z?)?", fullmatch=True), max_size=60
    )
)
@settings(max_examples=40)
def test_days_and_hours_that_do_not_exist_are_no_times(texts: list[str]) -> None:
    plain = [text for text in texts if not text.startswith("0000") and text.isascii()]
    assert [us for us, _ in instants(plain)] == [spelled(text) for text in plain]


@given(
    walls=st.lists(st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1)), max_size=60), zone=st.sampled_from(ZONES)
)
@settings(max_examples=40)
def test_local_times_equal_pythons_reading(walls: list[datetime], zone: str) -> None:
    found = instants([wall.isoformat() for wall in walls], timezone=zone)
    assert [us for us, _ in found] == [in_zone(wall, zone) for wall in walls]


@pytest.mark.parametrize("zone", ZONES)
def test_local_times_around_each_change_of_the_clock_equal_pythons_reading(zone: str) -> None:
    walls = []
    for hour in range(365 * 24):
        wall = datetime(2016, 1, 1) + timedelta(hours=hour)
        a, b = (ZoneInfo(zone).utcoffset(w) for w in (wall, wall + timedelta(hours=2)))
        if a != b:
            walls += [wall + timedelta(minutes=10 * n) for n in range(18)]
    found = instants([wall.isoformat() for wall in walls], timezone=zone)
    assert [us for us, _ in found] == [in_zone(wall, zone) for wall in walls]


TOPS = (("s", 10**11), ("ms", 10**14), ("us", 10**17))
MICROS_IN = {"s": Decimal(10**6), "ms": Decimal(1000), "us": Decimal(1), "ns": Decimal("0.001")}


@given(
    numbers=st.lists(
        st.tuples(st.integers(-(10**19), 10**19), st.none() | st.text("0123456789", max_size=12)), max_size=60
    ),
    unit=st.sampled_from(["auto", "s", "ms", "us", "ns"]),
)
@settings(max_examples=60)
def test_epochs_equal_exact_decimal_arithmetic(numbers: list[tuple[int, str | None]], unit: str) -> None:
    texts = [f"{whole}" + (f".{fraction}" if fraction is not None else "") for whole, fraction in numbers]
    for text, (us, _) in zip(texts, instants(texts, unit=unit), strict=True):
        whole = int(text.split(".")[0])
        if not -(2**63) <= whole < 2**63:
            assert us is None
            continue
        told = unit if unit != "auto" else next((name for name, top in TOPS if abs(whole) < top), "ns")
        exact = Decimal(text.rstrip(".")) * MICROS_IN[told]
        assert us is not None
        if 0 <= exact < 2 * 10**17:
            assert us == int(exact)
        else:
            assert us < 10**6 or us >= 2 * 10**17, "still outside all that is believed"


@given(texts=st.lists(st.text(max_size=40), max_size=50), zone=st.none() | st.sampled_from(ZONES))
@settings(max_examples=40)
def test_any_text_is_a_time_or_none_and_nothing_raises(texts: list[str], zone: str | None) -> None:
    assert len(instants(texts, timezone=zone)) == len(texts)
