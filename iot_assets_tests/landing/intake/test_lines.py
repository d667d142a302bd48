"""Lines at the door: what is read rightly, what is refused and why, and that all that is let in can be decoded."""

from __future__ import annotations

import re

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st

from iot_assets.landing.intake import lines
from iot_assets.landing.intake.lines import Fault, first_fault
from iot_assets_tests.decoders.batches import decoded


@pytest.mark.parametrize(
    "body",
    [
        "1649941817 Voltage 1.34",
        "1649941817 Voltage 1.34\n1649941818 Current -2\n",
        "1649941817 Voltage 1e3",
        "1649941817 Voltage +2",
        "1649941817 Voltage .5",
        "1649941817 Voltage 2.",
        "1649941817 Voltage -1.5E-7",
        "1649941817\tVoltage\t1.34",
        "1649941817  Voltage \t 1.34",
        "  1649941817 Voltage 1.34\t",
        "1649941817 Voltage 1.34\r\n1649941818 Voltage 1.35\r\n",
        "\n1649941817 Voltage 1.34\n\n \n",
        "1649941817.25 Voltage 1.34",
        "1649941817123 Voltage 1.34",
        "-1 Voltage 1.34",
        "9223372036854775807 Voltage 1.34",
        "-9223372036854775808 Voltage 1.34",
        "1649941817 Température/extérieure 1.34",
        "1649941817 Voltage 1.7976931348623157e308",
        "1649941817 Voltage 1e-400",
    ],
)
def test_these_are_lines(body: str) -> None:
    assert first_fault(body.encode()) is None


@pytest.mark.parametrize(
    ("line", "why"),
    [
        (b"1649941817 Voltage nan", "the value 'nan' is not finite"),
        (b"1649941817 Voltage -Infinity", "the value '-Infinity' is not finite"),
        (b"1649941817 Voltage 1e309", "the value '1e309' is beyond what a double holds"),
        (b"1649941817 Voltage 1_000", "the value '1_000' is not a number"),
        (b"1649941817 Voltage 0x10", "the value '0x10' is not a number"),
        (b"1649941817 Voltage .", "the value '.' is not a number"),
        (b"1649941817 Voltage 1,5", "the value '1,5' is not a number"),
        (b"1649941817 Voltage on", "the value 'on' is not a number"),
        (b"9223372036854775808 Voltage 1", "the epoch '9223372036854775808' is beyond 64 bits"),
        (b"-9223372036854775809 Voltage 1", "the epoch '-9223372036854775809' is beyond 64 bits"),
        (b"2022-04-14 Voltage 1", "the epoch '2022-04-14' is not a number of seconds since 1970"),
        (b"1e9 Voltage 1", "the epoch '1e9' is not a number of seconds since 1970"),
        (b"1649941817 Voltage", "2 parts where epoch, name and value are expected"),
        (b"1649941817 Bus Voltage 1", "4 parts where epoch, name and value are expected"),
        (b"x", "1 part where epoch, name and value are expected"),
        (b"1649941817 Volt\xff 1", "the name 'Volt\N{REPLACEMENT CHARACTER}' is not UTF-8"),
        (b"1649941817 Volt\x00 1", "the name 'Volt\\x00' holds a control character"),
        (b"1649941817 Volt\xc2\x85 1", "the name 'Volt\\x85' holds a control character"),
        (b"1649941817 Voltage " + b"9" * 400, f"the value '{'9' * 60}…' is beyond what a double holds"),
        (b"9" * 5000 + b" Voltage 1", f"the epoch '{'9' * 60}…' is beyond 64 bits"),
    ],
)
def test_a_bad_line_is_told_with_its_number_and_why(line: bytes, why: str) -> None:
    assert first_fault(b"1 a 1\n\n" + line + b"\nnot this one\n") == Fault(3, why)


def test_the_leading_zeros_of_an_epoch_do_not_count() -> None:
    assert first_fault(b"0" * 6000 + b"1 Voltage 1") is None


_words = [b"1649941817", b"1", b"Voltage", b"1.34", b"-.5e3", b"nan", b"1e999", b"9" * 19, b"9" * 20]
_blanks = [b" ", b" ", b"\t", b"\n", b"\n", b"\r\n", b"\r", b"\x0b", "\N{NO-BREAK SPACE}".encode()]
_parts = st.sampled_from([*_words, *_blanks, "é\x85".encode(), b"\xff", b"\x00"])
bodies = st.one_of(st.lists(_parts, max_size=30).map(b"".join), st.binary(max_size=60))
_number = st.one_of(
    st.floats(allow_nan=False, allow_infinity=False).map(repr),
    st.from_regex(r"[+-]?([0-9]{1,30}(\.[0-9]{0,20})?|\.[0-9]{1,20})([eE][+-]?[0-9]{1,2})?", fullmatch=True),
)
good_lines = st.tuples(
    st.integers(-(2**63), 2**63 - 1),
    st.text(st.characters(exclude_categories=["C", "Z"]), min_size=1, max_size=12),
    _number,
).map(lambda line: "{} {} {}".format(*line))


@settings(max_examples=500)
@given(bodies)
def test_the_quick_look_at_a_whole_body_agrees_with_the_look_at_each_line(body: bytes) -> None:
    quick = first_fault(body)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(lines, "_PLAIN", re.compile(rb"(?!)"))  # matches nothing
        assert first_fault(body) == quick


@settings(max_examples=60)
@given(st.lists(good_lines, min_size=1, max_size=20).map("\n".join))
@example("1 a +2\r\n2\tb\t.5\n\n3 c 1e3\n4 d 2.")
@example("9223372036854775807 a 1\n-9223372036854775808 a 1\n1.5 b 1e-400\n+5 c 1\n007 d 1")
def test_what_is_let_in_can_be_decoded(body: str) -> None:
    assert first_fault(body.encode()) is None
    found = decoded([("/data", body.encode())])
    assert found.rejects.to_pylist() == []
    assert found.readings.num_rows == sum(bool(line.strip()) for line in body.split("\n"))
