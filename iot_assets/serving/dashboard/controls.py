"""The controls of a page: a form whose fields are those of its address.

Belongs here: what may be chosen, as HTML that works by keyboard and is understood by screen readers. Does not: reading
what was chosen (``filters``).
"""

from __future__ import annotations

from collections.abc import Sequence
from html import escape
from typing import TYPE_CHECKING, Final

from iot_assets.serving.dashboard.filters import EVERY, SPANS, Filters
from iot_assets.serving.dashboard.markup import STATES, Html

if TYPE_CHECKING:
    from datetime import datetime, timedelta

    from iot_assets.serving.dashboard.edition import Row

_NAMES: Final = {"1h": "last hour", "6h": "last 6 hours", "24h": "last 24 hours", "7d": "last 7 days",
                 "30d": "last 30 days"}  # fmt: skip


def controls(filters: Filters, wanted: Sequence[str], counts: list[Row], shown_span: tuple[datetime, datetime]) -> Html:
    """The form; ``counts`` has the kinds and sites that there are."""
    kinds, sites = (_named(counts, name) for name in ("kind", "site"))
    fields = {
        "q": lambda: (
            f'<input type="search" name="q" value="{escape(filters.q)}" placeholder="Search"'
            ' aria-label="Search devices">'
        ),
        "kind": lambda: _select("kind", "Kind", [("", "all kinds"), *kinds], filters.kind),
        "site": lambda: _select("site", "Site", [("", "all sites"), *sites], filters.site),
        "state": lambda: _select("state", "State", [("", "any state"), *STATES.items()], filters.state),
        "band": lambda: _select(
            "band", "Quality",
            [("", "any quality"), ("good", "good"), ("warning", "warning"), ("critical", "critical")],
            filters.band,
        ),
        "quality": lambda: _select(
            "quality", "Quality", [("", "all readings"), ("valid", "valid only")], filters.quality
        ),
        "span": lambda: _spans(filters, shown_span[1] - shown_span[0]),
    }  # fmt: skip
    shown = "".join(fields[name]() for name in wanted)
    kept = "".join(
        f'<input type="hidden" name="{name}" value="{escape(str(value))}">'
        for name in ("id", "metric", "colour", "kind", "site", "band")
        if name not in wanted and (value := getattr(filters, name)) != getattr(Filters(), name)
    )
    every = _select("every", "Refresh", [(str(n), f"every {n} s") for n in EVERY], str(filters.every))
    go = '<button type="submit" class="unseen">Apply</button>'
    return Html(f'<form method="get" role="search" aria-label="Filters">{shown}{kept}{every}{go}</form>')


def _spans(filters: Filters, length: timedelta) -> str:
    """An empty one is what is shown where none is chosen: just these instants, or what there is so far."""
    spans = [(name, _NAMES[name]) for name in SPANS]
    if filters.first:
        spans = [("", f"{filters.first[:16]} to {filters.after[:16]}"), *spans]
    elif not filters.span:
        spans = [("" if SPANS[name] == length else name, said) for name, said in spans]
    return _select("span", "Time", spans, "" if filters.first else filters.span)


def _named(counts: list[Row], column: str) -> list[tuple[str, str]]:
    return [(name, name) for name in sorted({row[column] for row in counts if row[column]})]


def _select(name: str, label: str, options: Sequence[tuple[str, str]], chosen: str) -> str:
    if chosen not in {value for value, _ in options}:
        options = [*options, (chosen, chosen)]
    listed = "".join(
        f'<option value="{escape(value)}"{" selected" if value == chosen else ""}>{escape(shown)}</option>'
        for value, shown in options
    )
    return f'<select name="{name}" aria-label="{label}" onchange="this.form.submit()">{listed}</select>'
