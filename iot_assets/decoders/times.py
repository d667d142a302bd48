r"""Times as devices write them, read exactly: SQL expressions from text to microseconds since 1970.

Belongs here: which texts are times, and the instant each one means. Does not: whether to believe it (``judge``).

* ISO 8601 with a date, ``T``, ``t`` or one space, ``HH:MM``, seconds, fraction after ``.`` or ``,``; zone ``Z``,
  ``+hh``, ``+hhmm``, ``+hh:mm`` or none; or a date alone. Fractions are cut to the microsecond, never rounded.
* Numbers since 1970: seconds, milli-, micro- or nanoseconds by magnitude, unless the route declares the unit.
* A time without zone is local to the route's zone. Where the clocks go back, an hour happens twice: the second pass
  (standard time) is taken. Where they go forward, an hour is missing: the offset from before the change is used.

Whatever is outside the years that 64 bits hold is cut to the bound: it is far from now in any case.
No expression raises: ``case`` guards nothing in DuckDB, so each cast is a ``try_cast`` and each factor is clamped first.
"""

from __future__ import annotations

from typing import Final

from iot_assets.decoders.quoting import literal

_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONE: Final = r" ?(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
_NAIVE: Final = f"{_DAY}(?:{_CLOCK})?"
_ZONED: Final = f"{_DAY}{_CLOCK}{_ZONE}"
_NUMBER: Final = r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?"

#: Below 1e11 a number is seconds (until the year 5138), below 1e14 milliseconds, below 1e17 microseconds.
_THRESHOLDS: Final = {"s": 10**11, "ms": 10**14, "us": 10**17}
#: Microseconds in one unit, and the digits of a fraction that still count.
_DIGITS: Final = {"s": 6, "ms": 3, "us": 0}


def is_naive(text: str) -> str:
    """Whether the text is a time that names no zone."""
    return f"regexp_full_match({text}, {literal(_NAIVE)})"


def event_us(text: str, *, timezone: str | None, epoch_unit: str) -> str:
    """Microseconds since 1970 of a trimmed text; null when it is no time."""
    return f"""case
        when regexp_full_match({text}, {literal(_NUMBER)}) then {_epoch_us(text, epoch_unit)}
        when {is_naive(text)} then {_local_us(text, timezone)}
        when regexp_full_match({text}, {literal(_ZONED)}) then {_zoned_us(text)}
    end"""


def _canonical(text: str) -> str:
    return f"replace(upper({text}), ',', '.')"


def _local_us(text: str, timezone: str | None) -> str:
    local = f"try_cast({_canonical(text)} as timestamp)"
    return f"epoch_us({local})" if timezone is None else f"epoch_us(timezone({literal(timezone)}, {local}))"


def _zoned_us(text: str) -> str:
    # The engine's own cast reads some of these forms in one version and not in another, so the zone is cut off here.
    long_, short, hours = (f"substr({text}, {-n}, 1) in ('+', '-')" for n in (6, 5, 3))
    size = f"case when {text}[-1] in ('Z', 'z') then 1 when {long_} then 6 when {short} then 5 when {hours} then 3 end"
    clock = f"rtrim(left({_canonical(text)}, length({text}) - ({size})))"
    digits = f"rpad(replace(right({text}, ({size}) - 1), ':', ''), 4, '0')"
    seconds = f"(try_cast(left({digits}, 2) as bigint) * 3600 + try_cast(right({digits}, 2) as bigint) * 60)"
    offset = (
        f"case when {text}[-1] in ('Z', 'z') then 0 when {text}[-({size})] = '-' then -{seconds} else {seconds} end"
    )
    return f"epoch_us(try_cast({clock} as timestamp)) - ({offset}) * 1000000"


def _epoch_us(text: str, unit: str) -> str:
    # An exponent is written out first; the cast is slow, but hardly any device writes one.
    plain = f"case when regexp_matches({text}, '[eE]') then try_cast(try_cast({text} as decimal(38, 12)) as varchar) else {text} end"
    whole = f"try_cast(split_part({plain}, '.', 1) as bigint)"
    fraction = f"split_part({plain}, '.', 2)"

    def scaled(name: str) -> str:
        digits = _DIGITS[name]
        bound = 2 * 10**17 // 10**digits
        head = f"greatest(least({whole}, {bound}), {-bound}) * {10**digits}"
        if digits == 0:
            return head
        return f"{head} + try_cast(rpad(left({fraction}, {digits}), {digits}, '0') as bigint)"

    if unit == "ns":
        return f"{whole} // 1000"
    if unit != "auto":
        return scaled(unit)
    arms = " ".join(
        f"when {whole} between {-top + 1} and {top - 1} then {scaled(name)}" for name, top in _THRESHOLDS.items()
    )
    return f"case {arms} else {whole} // 1000 end"
