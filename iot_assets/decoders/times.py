r"""Times as devices write them, read exactly: SQL from text to microseconds since 1970.

Belongs here: which texts are times, and the instant each one means. Does not: whether to believe it (``judge``).

* ISO 8601 with a date, ``T``, ``t`` or one space, ``HH:MM``, seconds, fraction after ``.`` or ``,``; zone ``Z``,
  ``+hh``, ``+hhmm``, ``+hh:mm`` or none; or a date alone. Fractions are cut to the microsecond, never rounded.
* Numbers since 1970: seconds, milli-, micro- or nanoseconds by magnitude, unless the route declares the unit.
* A time without zone is local to the route's zone. Where the clocks go back, an hour happens twice: the second pass
  (standard time) is taken. Where they go forward, an hour is missing: the offset from before the change is used.

Whatever is outside the years that 64 bits hold is cut to the bound: it is far from now in any case.
Nothing here raises: ``case`` guards nothing in DuckDB, so each cast is a ``try_cast`` and each factor is clamped first.
"""

from __future__ import annotations

from typing import Final

from iot_assets.decoders.quoting import literal

_DAY: Final = r"[0-9]{4}-[0-9]{2}-[0-9]{2}"
_CLOCK: Final = r"[Tt ](?:[01][0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9](?:[.,][0-9]+)?)?"
_ZONE: Final = r" ?(?:[Zz]|[+-](?:[01][0-9]|2[0-3])(?::?[0-5][0-9])?)"
# The zoned form in which nearly all devices write; every version of DuckDB reads it by itself, four times as fast.
_PLAIN: Final = (
    rf"{_DAY}[T ](?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]+)?(?:Z|[+-](?:[01][0-9]|2[0-3]):[0-5][0-9])"
)
_NAIVE: Final = f"{_DAY}(?:{_CLOCK})?"
_ZONED: Final = f"{_DAY}{_CLOCK}{_ZONE}"
_NUMBER: Final = r"[+-]?[0-9]+(?:\.[0-9]*)?(?:[eE][+-]?[0-9]{1,3})?"

#: A number below 1e11 is seconds (until the year 5138), below 1e14 milliseconds, below 1e17 microseconds.
_SECONDS_BELOW: Final = 10**11
_MILLIS_BELOW: Final = 10**14
_MICROS_BELOW: Final = 10**17
#: 8 July 8307: as far as an instant is told.
FARTHEST_US: Final = 2 * 10**17


def timed(source: str, *, timezone: str | None, epoch_unit: str) -> str:
    """SQL: the rows of ``source`` with what their text column ``t`` means.

    Adds ``us`` (microseconds since 1970; null where ``t`` is no time) and ``naive`` (it is a time and names no zone).
    """
    # In steps, so that each is computed once: DuckDB repeats an expression that stands in two branches of a case.
    return f"""
        select * exclude (form, whole, fraction, zone_size),
            case form when 'epoch' then {_epoch_us(epoch_unit)} when 'naive' then {_local_us(timezone)}
                when 'plain' then epoch_us(try_cast(t as timestamptz)) when 'zoned' then {_zoned_us()} end as us,
            form = 'naive' as naive
        from (
            select *,
                case when form = 'epoch' then try_cast(split_part(t, '.', 1) as bigint) end as whole,
                case when form = 'epoch' then split_part(t, '.', 2) end as fraction,
                case when form = 'zoned' then {_ZONE_SIZE} end as zone_size
            from (
                select * replace (if(form = 'epoch' and regexp_matches(t, '[eE]'), {_WRITTEN_OUT}, t) as t)
                from (select *, {_FORM} as form from ({source}))
            )
        )
        """


_FORM: Final = f"""case
                when regexp_full_match(t, {literal(_NUMBER)}) then 'epoch'
                when regexp_full_match(t, {literal(_NAIVE)}) then 'naive'
                when regexp_full_match(t, {literal(_PLAIN)}) then 'plain'
                when regexp_full_match(t, {literal(_ZONED)}) then 'zoned'
                end"""
# The cast is slow, but hardly any device writes exponents.
_WRITTEN_OUT: Final = "try_cast(try_cast(t as decimal(38, 12)) as varchar)"
_ZONE_SIZE: Final = """case
                    when t[-1] in ('Z', 'z') then 1
                    when t[-6] in ('+', '-') then 6
                    when t[-5] in ('+', '-') then 5
                    else 3
                    end"""
_CANONICAL: Final = "replace(upper(t), ',', '.')"


def _local_us(timezone: str | None) -> str:
    local = f"try_cast({_CANONICAL} as timestamp)"
    return f"epoch_us({local})" if timezone is None else f"epoch_us(timezone({literal(timezone)}, {local}))"


def _zoned_us() -> str:
    # The engine's own cast reads some of these forms in one version and not in another, so the zone is cut off here.
    clock = f"rtrim(left({_CANONICAL}, length(t) - zone_size))"
    digits = "rpad(replace(right(t, zone_size - 1), ':', ''), 4, '0')"
    seconds = f"(try_cast(left({digits}, 2) as bigint) * 3600 + try_cast(right({digits}, 2) as bigint) * 60)"
    offset = f"case when zone_size = 1 then 0 when t[-zone_size] = '-' then -{seconds} else {seconds} end"
    return f"epoch_us(try_cast({clock} as timestamp)) - ({offset}) * 1000000"


def _epoch_us(unit: str) -> str:
    match unit:
        case "s":
            return _scaled(6)
        case "ms":
            return _scaled(3)
        case "us":
            return _scaled(0)
        case "ns":
            return "whole // 1000"
        case _:
            return f"""case
                when whole between {1 - _SECONDS_BELOW} and {_SECONDS_BELOW - 1} then {_scaled(6)}
                when whole between {1 - _MILLIS_BELOW} and {_MILLIS_BELOW - 1} then {_scaled(3)}
                when whole between {1 - _MICROS_BELOW} and {_MICROS_BELOW - 1} then whole
                else whole // 1000
                end"""


def _scaled(digits: int) -> str:
    """Microseconds of a number whose unit is ``10 ** digits`` of them; further digits of its fraction are cut."""
    bound = FARTHEST_US // 10**digits
    # Not least() and greatest(), which take a null for no bound at all.
    head = f"case when whole > {bound} then {bound} when whole < {-bound} then {-bound} else whole end * {10**digits}"
    return f"{head} + try_cast(rpad(left(fraction, {digits}), {digits}, '0') as bigint)" if digits else head
