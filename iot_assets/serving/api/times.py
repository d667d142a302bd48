"""Instants and spans as people write them in an address.

A span is given by ``from`` and ``to``: days are whole and both included; with a time part, instants are exact and the
end is not included.
"""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Final

from iot_assets.serving.api.refused import RefusedError

_FORMATS: Final = ("%Y-%m-%dT%H:%M:%S.%fZ", "%Y-%m-%dT%H:%M:%SZ", "%Y-%m-%dT%H:%M:%S.%f", "%Y-%m-%dT%H:%M:%S")
_DAY: Final = "%Y-%m-%d"
_HELP: Final = "write 2022-04-14, 2022-04-14T13:10:17Z or 2022-04-14T13:10:17.250Z (UTC)"


def first_instant(text: str, name: str) -> datetime:
    """Where a span begins.

    Raises:
        RefusedError: it is no time.
    """
    return _read(text, name)[0]


def end_of(text: str, name: str) -> datetime:
    """The first instant after a span that ends with this: the next midnight where it is a day.

    Raises:
        RefusedError: it is no time.
    """
    at, is_day = _read(text, name)
    return at + timedelta(days=1) if is_day else at


def span(first: str | None, last: str | None) -> tuple[datetime | None, datetime | None]:
    """First instant and the one after the last.

    Raises:
        RefusedError: one of them is no time, or the span ends before it begins.
    """
    start = first_instant(first, "from") if first is not None else None
    after = end_of(last, "to") if last is not None else None
    if start is not None and after is not None and after < start:
        raise RefusedError(400, f"the span ends before it begins: from={first}, to={last}")
    return start, after


def _read(text: str, name: str) -> tuple[datetime, bool]:
    try:
        return datetime.strptime(text, _DAY).replace(tzinfo=UTC), True
    except ValueError:
        pass
    for form in _FORMATS:
        try:
            return datetime.strptime(text, form).replace(tzinfo=UTC), False
        except ValueError:
            continue
    try:
        at = datetime.fromisoformat(text)
        if at.tzinfo is not None:
            return at.astimezone(UTC), False
    except (ValueError, OverflowError):
        pass
    raise RefusedError(400, f"{name}={text!r} is no time that is understood here; {_HELP}")
