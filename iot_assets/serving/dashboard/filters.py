"""What a page shows, as its address says it: so that any view can be shared, kept and come back to.

Belongs here: reading and writing addresses. Does not: drawing the controls (``frame``).
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, fields, replace
from datetime import UTC, datetime, timedelta
from types import MappingProxyType
from typing import Any, Final
from urllib.parse import urlencode

#: Spans of time to choose from.
SPANS: Final = MappingProxyType(
    {
        "1h": timedelta(hours=1),
        "6h": timedelta(hours=6),
        "24h": timedelta(hours=24),
        "7d": timedelta(days=7),
        "30d": timedelta(days=30),
    }
)
_DAY: Final = timedelta(days=1)
#: Seconds between refreshes to choose from.
EVERY: Final = (1, 2, 5, 10)


@dataclass(frozen=True, slots=True)
class Filters:
    """What is asked for; an empty text asks for everything."""

    kind: str = ""
    site: str = ""
    state: str = ""
    band: str = ""
    q: str = ""
    span: str = ""
    first: str = ""
    after: str = ""
    id: str = ""
    metric: str = ""
    colour: str = "state"
    quality: str = ""
    page: int = 1
    every: int = 2

    @classmethod
    def read(cls, query: Mapping[str, str]) -> Filters:
        """Of an address; what makes no sense is as if it were not there."""
        found: dict[str, Any] = {f.name: query[f.name].strip() for f in fields(cls) if f.name in query}
        for name in ("page", "every"):
            text = str(found.pop(name, ""))
            if text.isascii() and text.isdigit() and 0 < int(text) < 100_000:
                found[name] = int(text)
        if found.get("every") not in EVERY:
            found.pop("every", None)
        if found.get("span") not in SPANS:
            found.pop("span", None)
        read = cls(**found)
        begins, ends = _instant(read.first), _instant(read.after)
        if begins is None or ends is None or begins >= ends:
            return replace(read, first="", after="")
        return read

    def address(self, where: str, /, **changes: Any) -> str:
        """Of a page with these filters but for the changes, leaving out what is as it is anyway; relative."""
        changed = replace(self, **changes)
        plain = Filters()
        said = {f.name: getattr(changed, f.name) for f in fields(self)}
        query = urlencode({name: value for name, value in said.items() if value != getattr(plain, name)})
        return (where or "./") + (f"?{query}" if query else "")

    def times(self, now: datetime, since: datetime | None) -> tuple[datetime, datetime]:
        """First instant, and the one after the last: as the address says, else a span that ends now.

        Where none is chosen, it is the shortest with all that has come ``since`` the first message, up to a day.
        """
        begins, ends = _instant(self.first), _instant(self.after)
        if begins is not None and ends is not None:
            return begins, ends
        return now - (SPANS[self.span] if self.span else _fitting(now - (since or now))), now


def _fitting(age: timedelta) -> timedelta:
    return next((span for span in SPANS.values() if age <= span < _DAY), _DAY)


def _instant(text: str) -> datetime | None:
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        return None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
