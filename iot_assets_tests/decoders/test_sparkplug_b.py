"""Sparkplug B: what a message means depends on the births that have arrived, and not on how they came in batches."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

import pyarrow as pa
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from iot_assets.decoders.decode import decode
from iot_assets.decoders.decoded import BIRTHS_SCHEMA, Bounds
from iot_assets.decoders.readers import sparkplug_schema
from iot_assets.decoders.routes import RouteTable
from iot_assets_tests.decoders.batches import Message, batch, checked, decoded, readings, rejects, values
from iot_assets_tests.decoders.sparkplug import DOUBLE, INT16, birth, death, metric, payload

if TYPE_CHECKING:
    from iot_assets.decoders.decoded import Decoded

PROTO: Final = Path(__file__).parents[2].parent / "shared" / "payloads" / "sparkplug_b" / "sparkplug_b.proto"
NBIRTH, NDATA, NDEATH, NCMD = (f"spBv1.0/g/{message}/n" for message in ("NBIRTH", "NDATA", "NDEATH", "NCMD"))
DBIRTH, DDATA, DDEATH = (f"spBv1.0/g/{message}/n/d" for message in ("DBIRTH", "DDATA", "DDEATH"))
ROUTES: Final = RouteTable()


def said(alias: int, value: float) -> bytes:
    return payload(metric(alias=alias, double=value))


def test_each_message_is_read_with_the_last_birth_before_it() -> None:
    stream = [(NBIRTH, birth(a=1)), (NDATA, said(1, 5)), (NBIRTH, birth(b=1)), (NDATA, said(1, 6))]
    result = decoded(stream)
    assert [values(result, row) for row in (1, 3)] == [{"a": 5.0}, {"b": 6.0}]


def test_data_before_all_births_is_read_with_the_first_one() -> None:
    result = decoded([(NDATA, said(1, 5)), (NBIRTH, birth(a=1)), (NBIRTH, birth(b=1))])
    assert values(result, 0) == {"a": 5.0}


def test_the_births_of_one_sender_say_nothing_of_another() -> None:
    stream = [(NBIRTH, birth(a=1)), (DDATA, said(1, 5)), ("spBv1.0/g/NDATA/m", said(1, 5))]
    assert decoded(stream).outcomes["status"].to_pylist()[1:] == ["held", "held"]


def test_a_birth_that_cannot_be_read_says_nothing() -> None:
    result = decoded([(NBIRTH, birth(a=1)), (NBIRTH, b"\xff\xff"), (NDATA, said(1, 5))])
    assert rejects(result) == {1: "malformed_protobuf"}
    assert values(result, 2) == {"a": 5.0}


def test_a_type_that_the_birth_tells_holds_for_metrics_by_name() -> None:
    told = payload(metric("Count", kind=INT16, int=1))
    unknown = payload(metric("Count", int=2**32 - 5))
    assert values(decoded([(DBIRTH, told), (DDATA, unknown)]), 1) == {"Count": -5.0}
    assert decoded([(DDATA, unknown)]).outcomes["status"].to_pylist() == ["held"]


def test_a_stale_death_and_one_that_is_not() -> None:
    stream = [(NBIRTH, birth(session=1)), (NBIRTH, birth(session=2)), (NDEATH, death(1)), (NDEATH, death(2))]
    assert decoded(stream).outcomes["status"].to_pylist()[2:] == ["not_telemetry", "readings"]


def test_text_that_is_no_text_hurts_nobody_else() -> None:
    bad = metric("name", kind=12, bytes=b"").replace(b"name", b"n\xffme") + b"\x7a\x02\xff\xfe"
    result = decoded([(NDATA, payload(bad, metric("b", double=1.0)))])
    assert values(result) == {"b": 1.0}
    assert rejects(result) == {0: "bad_value"}


def test_data_names_its_sender_whatever_comes_out() -> None:
    result = decoded(
        [(NDATA, said(1, 5)), (NDATA, payload(metric("a", double=1.0))), (NBIRTH, birth(b=2)), (NCMD, b"x")]
    )
    assert result.outcomes["sender"].to_pylist() == ["g/n", "g/n", None, None]


def test_the_fields_are_those_of_the_official_schema() -> None:
    if not PROTO.is_file():
        pytest.skip(f"SKIPPED: no official schema at {PROTO}; the numbers were compared with nothing")
    official = {
        (name, int(number))
        for name, number in re.findall(r"(?:optional|repeated)?\s+[\w.]+\s+(\w+)\s*=\s*(\d+);", PROTO.read_text())
    }
    ours = {(name, number) for fields in sparkplug_schema._MESSAGES.values() for number, name, _ in fields}
    assert ours <= official


_STREAM: Final = st.lists(
    st.sampled_from(
        [
            (NBIRTH, birth(a=1, b=2, session=1)),
            (NBIRTH, birth(b=1, a=2, session=2)),
            (DBIRTH, payload(metric("x", alias=1, kind=DOUBLE, double=1.0))),
            (DBIRTH, payload(metric("y", alias=1, kind=DOUBLE, double=1.0))),
            (NDATA, said(1, 7)),
            (NDATA, said(3, 7)),
            (DDATA, said(1, 8)),
            (NDEATH, death(1)),
            (NDEATH, death(2)),
            (DDEATH, payload()),
            (NBIRTH, b"\xff"),
        ]
    ),
    max_size=12,
)


@settings(max_examples=40, suppress_health_check=list(HealthCheck), database=None)
@given(stream=_STREAM, cut=st.integers(0, 12))
def test_a_batch_with_the_births_around_it_gives_what_the_whole_stream_gives(stream: list[Message], cut: int) -> None:
    whole = decode(batch(stream), ROUTES, Bounds())
    first, second = stream[:cut], stream[cut:]
    later = [{**born, "row": len(first)} for born in whole.births.to_pylist() if born["row"] >= len(first)]
    earlier = [{**born, "row": 0} for born in whole.births.to_pylist() if born["row"] < len(first)]
    found = _facts(_with(first, later), 0) + _facts(_with(second, earlier), len(first))
    assert found == _facts(checked(whole, len(stream)), 0)


def _with(stream: list[Message], births: list[dict[str, Any]]) -> Decoded:
    return decode(batch(stream), ROUTES, Bounds(), pa.Table.from_pylist(births, BIRTHS_SCHEMA))


def _facts(result: Decoded, first: int) -> list[Any]:
    told = [(o["row"] + first, o["status"], o["sender"]) for o in result.outcomes.to_pylist()]
    read: dict[int, list[Any]] = {}
    for r in readings(result):
        read.setdefault(r["row"] + first, []).append((r["device_id"], r["metric"], r["value"]))
    faults = {row + first: reason for row, reason in rejects(result).items()}
    return [(*o, read.get(o[0]), faults.get(o[0])) for o in told]
