"""Small pieces of HTML: tables, tiles, sparklines, and numbers and times as people read them.

Belongs here: text into HTML, everything from outside escaped. Does not: charts (``charts``), the page (``frame``).
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from datetime import UTC, datetime
from html import escape
from types import MappingProxyType
from typing import Any, Final

#: State of a device → how it is said.
STATES: Final = MappingProxyType({"online": "online", "late": "late", "offline": "offline", "never_seen": "never seen"})
_UNITS: Final = MappingProxyType({"Cel": "°C", "Far": "°F", "degC": "°C", "1": "", None: ""})


class Html(str):
    """A text that is HTML already."""

    __slots__ = ()


def text(value: Any) -> Html:
    """Anything, as HTML."""
    match value:
        case Html():
            return value
        case None:
            said = '<span class="none">–</span>'
        case int() | float():
            said = number(value)
        case datetime():
            said = f"<time>{value.astimezone(UTC):%Y-%m-%d %H:%M:%S}</time>"
        case list():
            said = escape(", ".join(map(str, value)))
        case _:
            said = escape(str(value))
    return Html(said)


def joined(*pieces: Html) -> Html:
    """Pieces one after the other."""
    return Html("".join(pieces))


def number(value: float) -> str:
    """With as many digits as one reads: 1,234,567; 12.3; 0.0042."""
    if isinstance(value, int) or abs(value) >= 1000:
        return f"{value:,.0f}"
    return f"{value:.4g}"


def measured(value: float | None, word: str | None, unit: str | None) -> Html:
    """A reading with its unit."""
    if value is None:
        return text(word)
    shown = unit_of(unit)
    return Html(f"{number(value)}{'&thinsp;' + escape(shown) if shown else ''}")


def unit_of(unit: str | None) -> str:
    """A unit as people write it."""
    return _UNITS.get(unit, unit or "")


def age(at: datetime | None, now: datetime) -> str:
    """How long ago, in the largest unit that fits, in one piece."""
    if at is None:
        return "never"
    seconds = (now - at).total_seconds()
    said = f"{duration(seconds)} ago" if seconds >= 0 else f"in {duration(-seconds)}"
    return said.replace(" ", "\u00a0")


def duration(seconds: float) -> str:
    """A span of time in its largest unit."""
    for size, name in ((86400, "d"), (3600, "h"), (60, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {name}"
    return f"{seconds:.0f} s"


def size(count: float) -> str:
    """Bytes."""
    for name in ("B", "kB", "MB", "GB"):
        if count < 1000:
            return f"{count:.3g} {name}"
        count /= 1000
    return f"{count:.3g} TB"


def link(address: str, shown: Any) -> Html:
    """A link."""
    return Html(f'<a href="{escape(address)}">{text(shown)}</a>')


def dot(state: str | None) -> Html:
    """A device's state: its colour, and its word for who sees no colours."""
    said = STATES.get(state or "", state or "unknown")
    return Html(f'<span class="state {escape(state or "")}">{escape(said)}</span>')


def band(named: str | None, score: float | None) -> Html:
    """A quality score, and its band in colour."""
    if score is None:
        return text(None)
    mood = {"good": "passed", "warning": "warning", "critical": "critical"}.get(named or "", "")
    return Html(f'<span class="state {mood}" title="{escape(named or "")}">{score:.1f}</span>')


def tile(label: str, value: Any, note: Any = "", *, mood: str = "", to: str = "") -> Html:
    """A figure with its name; ``mood`` is good, warning or bad."""
    inner = f"<dt>{escape(label)}</dt><dd>{text(value)}</dd><dd class='note'>{text(note)}</dd>"
    inner = f"<dl>{inner}</dl>"
    if to:
        return Html(f'<a class="tile {mood}" href="{escape(to)}">{inner}</a>')
    return Html(f'<div class="tile {mood}">{inner}</div>')


def tiles(shown: Iterable[Html]) -> Html:
    """Tiles in a row that wraps."""
    return Html(f'<div class="tiles">{"".join(shown)}</div>')


def table(caption: str, columns: Sequence[str], rows: Iterable[Sequence[Any]], *, empty: str) -> Html:
    """A table; where there are no rows, a sentence that says so."""
    body = "".join(
        "<tr>"
        + "".join(f'<td data-label="{escape(name)}">{text(cell)}</td>' for name, cell in zip(columns, row, strict=True))
        + "</tr>"
        for row in rows
    )
    if not body:
        return nothing(empty)
    head = "".join(f'<th scope="col">{escape(name)}</th>' for name in columns)
    return Html(
        f'<div class="scroll" tabindex="0" role="region" aria-label="{escape(caption)}">'
        f'<table><caption class="unseen">{escape(caption)}</caption>'
        f"<thead><tr>{head}</tr></thead><tbody>{body}</tbody></table></div>"
    )


def nothing(sentence: str) -> Html:
    """What stands where there is nothing to show."""
    return Html(f'<p class="nothing">{escape(sentence)}</p>')


def sparkline(values: Sequence[tuple[float, float]], span: tuple[float, float], label: str) -> Html:
    """A line of (time, value) without axes; it is broken where there is nothing for long."""
    if len(values) < 2:
        return Html("")
    lowest, highest = min(v for _, v in values), max(v for _, v in values)
    across, up = span[1] - span[0] or 1, highest - lowest or 1
    widest = max(across / 16, 1)
    path, before = [], None
    for at, value in values:
        pen = "M" if before is None or at - before > widest else "L"
        path.append(f"{pen}{(at - span[0]) / across * 98 + 1:.1f} {22 - (value - lowest) / up * 20:.1f}")
        before = at
    return Html(
        f'<svg class="spark" viewBox="0 0 100 24" preserveAspectRatio="none" role="img"'
        f' aria-label="{escape(label)}: {number(lowest)} to {number(highest)}"><path d="{"".join(path)}"/></svg>'
    )
