"""What is round every page: header, ways to the other pages, filters, theme; and the refreshing of what is on it.

Belongs here: what pages share on the screen. Does not: what any of them asks and shows.
"""

from __future__ import annotations

import asyncio
import logging
import time
from collections.abc import Awaitable, Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from html import escape
from importlib import resources
from typing import TYPE_CHECKING, Any, Final, TypeAlias

import duckdb
from nicegui import background_tasks, ui

from iot_assets.errors import IotAssetsError
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.api.access import is_loopback
from iot_assets.serving.dashboard.asked import View
from iot_assets.serving.dashboard.controls import controls
from iot_assets.serving.dashboard.edition import Edition, Found
from iot_assets.serving.dashboard.filters import Filters
from iot_assets.serving.dashboard.markup import Html, age, nothing
from iot_assets.serving.dashboard.unpublished import Unpublished
from iot_assets.serving.reads.device_counts import device_counts

if TYPE_CHECKING:
    from starlette.requests import Request

    from iot_assets.serving.dashboard.asked import Asked
    from iot_assets.serving.dashboard.charts import Options
    from iot_assets.serving.dashboard.vitals import Vitals
    from iot_assets.serving.live.live import Live
    from iot_assets.settings import Settings

_log = logging.getLogger(__name__)
#: Address below ``/dashboard/`` → name, in the order in which they are offered.
NAVIGATION: Final = (
    ("", "Overview"), ("devices", "Devices"), ("fleet", "Fleet"), ("quality", "Quality"), ("pipeline", "Pipeline"),
)  # fmt: skip
_STYLE: Final = resources.files(__package__ or "").joinpath("style.css").read_text(encoding="utf-8")
#: A page is sent without its figures where they take longer than so many seconds; they follow.
_PATIENCE: Final = 0.1
#: Theme of the browser's choice, kept by the browser itself; put on before anything is drawn.
_THEME: Final = """
<script>
document.body.classList.add(/theme=dark/.test(document.cookie) || !/theme=light/.test(document.cookie)
  && matchMedia('(prefers-color-scheme: dark)').matches ? 'body--dark' : 'body--light');
function chooseTheme() {
  const dark = !document.body.classList.contains('body--dark');
  document.cookie = 'theme=' + (dark ? 'dark' : 'light') + ';path=/;max-age=31536000;samesite=lax';
  Quasar.Dark.set(dark);
}
</script>
"""


Ask: TypeAlias = Callable[[Edition, Filters], Awaitable[Found]]
Show: TypeAlias = Callable[[Found], Awaitable[None]]


@dataclass(frozen=True, slots=True)
class Page:
    """A page: its address below ``/dashboard/``, its name, what it asks, and the filters that it heeds.

    ``build`` puts its panels, and gives what fills them.
    """

    path: str
    name: str
    ask: Ask
    build: Callable[[Frame], Show]
    wanted: tuple[str, ...]


@dataclass(frozen=True, slots=True)
class House:
    """What all pages look at; ``live`` is what is not published yet, where that is at hand."""

    settings: Settings
    asked: Asked
    vitals: Vitals
    live: Live | None


@dataclass(frozen=True, slots=True)
class Panel:
    """Something that is drawn anew at each refresh, but only sent where it has changed."""

    element: ui.html
    chart: ui.echart | None = None

    def show(self, content: Html) -> None:
        """Show a piece of HTML instead of a chart."""
        if self.element.content != content:
            self.element.content = content
        self.element.set_visibility(True)
        if self.chart is not None:
            self.chart.set_visibility(False)

    def draw(self, options: Options | None, *, empty: str) -> None:
        """Show a chart, or the sentence where there is none to show."""
        assert self.chart is not None
        if options is None:
            self.show(nothing(empty))
            return
        self.element.set_visibility(False)
        self.chart.set_visibility(True)
        if self.chart.options != options:
            self.chart.props["options"] = options
            self.chart.update()


@dataclass(slots=True, repr=False, eq=False)
class Frame:
    """One open page."""

    page: Page
    request: Request
    house: House
    filters: Filters = field(init=False)
    edition: Edition = field(init=False)
    _show: Show = field(init=False)
    _state: Panel = field(init=False)
    _trouble: Panel = field(init=False)
    _choices: Panel = field(init=False)

    def __post_init__(self) -> None:
        self.filters = Filters.read(self.request.query_params)

    @property
    def now(self) -> datetime:
        """The present of all that is drawn from published tables."""
        return self.edition.now

    def span(self) -> tuple[datetime, datetime]:
        """First instant of what is shown, and the one after the last."""
        return self.edition.span(self.filters)

    async def open(self) -> None:
        """Make the page."""
        ui.add_head_html(f"<style>{_STYLE}</style>")
        # Not drawn by a script, so that it is there before any has been loaded.
        ui.add_body_html(f"{_THEME}{self._header()}")
        chosen = self.request.cookies.get("theme")
        ui.dark_mode(value={"dark": True, "light": False}.get(chosen or ""))
        with ui.element("div").classes("heading"):
            ui.html(f"<h1>{escape(self.filters.id or self.page.name)}</h1>", sanitize=False)
            self._choices = Panel(ui.html("", sanitize=False).classes("filters"))
            self._pause(ui.timer(self.filters.every, self.refresh, immediate=False))
        self._trouble = self.panel()
        self._trouble.show(Html('<p class="note" role="status">Loading…</p>'))
        with ui.element("div").classes("panels").props("id=content"):
            self._show = self.page.build(self)
        with ui.element("footer"):
            self._state = self.panel()
            ui.html('<a href="../docs">API</a>', sanitize=False)
        first = background_tasks.create(self.refresh(), name=f"first drawing of {self.page.name}")
        await asyncio.wait([first], timeout=_PATIENCE)

    def panel(self, title: str = "", *, wide: bool = False) -> Panel:
        """Room for a piece of HTML."""
        with self._section(title, wide=wide):
            return Panel(ui.html("", sanitize=False).classes("block"))

    def chart(self, title: str, *, height: int = 240, wide: bool = False, note: str = "") -> Panel:
        """Room for a chart."""
        with self._section(title, wide=wide, note=note):
            text = ui.html("", sanitize=False).classes("block")
            chart = ui.echart({}, renderer="canvas").style(f"height: {height}px")
            chart.props(f'role=img aria-label="{escape(title)}"')
        return Panel(text, chart)

    async def refresh(self) -> None:
        """Draw what has changed, or say why that cannot be."""
        started = time.perf_counter()
        try:
            async with self.house.asked.edition(View(self.page.ask, self.filters)) as edition:
                found = await self.page.ask(edition, self.filters)
                self.edition = edition
                counts = await edition.rows(device_counts())
                self._choices.show(controls(self.filters, self.page.wanted, counts, self.span()))
                await self._show(found)
        except (IotAssetsError, duckdb.Error) as error:
            _log.info("the page %s cannot be drawn: %s", self.page.name, error)
            self._trouble.show(Html(f'<p class="trouble" role="status">{escape(str(error))}</p>'))
            self._state.show(Html(""))
            return
        self._trouble.show(_to_come() if edition.nothing else Html(""))
        self._state.show(self._foot((time.perf_counter() - started) * 1000))

    def unpublished(self) -> Unpublished:
        """What is not published yet, to be followed by this page."""
        return Unpublished(self.house.live, DataPaths(self.house.settings.data_dir).spools)

    def export(self, address: str, what: str = "") -> Html:
        """Ways to have from the API ``what`` is shown; the address is the API's, with its query."""
        ways = ("csv", "json", "parquet")
        name = what.replace(" ", "_") or self.page.name.lower()
        links = "".join(
            f'<a href="{escape(f"../{address}&format={way}")}" download="{escape(name)}.{way}">'
            f"{way.upper() if way != 'parquet' else 'Parquet'}</a>"
            for way in ways
        )
        said = f"Export {what}".strip()
        return Html(f'<nav class="export" aria-label="{escape(said)}">{escape(said)} {links}</nav>')

    def dagster(self) -> str:
        """Address of Dagster's page, as the asker's browser may reach it: on the host that it asks here."""
        own = self.house.settings.dagster
        host = self.request.url.hostname if is_loopback(own.host) or own.host == "0.0.0.0" else own.host  # noqa: S104
        return f"http://{host}:{own.port}"

    @staticmethod
    def go(address: str) -> None:
        """Open another page."""
        ui.navigate.to(address)

    def _section(self, title: str, *, wide: bool, note: str = "") -> AbstractContextManager[Any]:
        section = ui.element("section").classes("wide" if wide else "")
        if title:
            section.props(f'aria-label="{escape(title)}"')
            with section:
                said = f'<span class="note">{escape(note)}</span>' if note else ""
                ui.html(f"<h2>{escape(title)}</h2>{said}", sanitize=False).classes("title")
        else:
            section.classes("bare")
        return section

    def _header(self) -> str:
        kept = Filters(
            kind=self.filters.kind,
            site=self.filters.site,
            band=self.filters.band,
            span=self.filters.span,
            every=self.filters.every,
        )
        ways = "".join(
            f'<a href="{escape(kept.address(page))}"{" aria-current=page" if page == self.page.path else ""}>{name}</a>'
            for page, name in NAVIGATION
        )
        return (
            '<header><a class="skip" href="#content">Skip to content</a><a class="brand" href="./">iot_assets</a>'
            f'<nav aria-label="Pages">{ways}</nav>'
            '<button type="button" class="theme" onclick="chooseTheme()" aria-label="Switch between light and dark">'
            "◐</button></header>"
        )

    def _pause(self, timer: ui.timer) -> None:
        def turn() -> None:
            timer.active = not timer.active
            button.text = "Pause" if timer.active else "Resume"
            button.props(f"aria-pressed={'false' if timer.active else 'true'}")

        button = ui.button("Pause", on_click=turn).props("flat no-caps dense aria-pressed=false").classes("pause")

    def _foot(self, spent: float) -> Html:
        said = f"as of <time>{self.now:%Y-%m-%d %H:%M:%S}</time> UTC, published {age(self.now, datetime.now(UTC))},"
        return Html(
            f"{'' if self.edition.nothing else said}"
            f' <span class="spent" data-ms="{spent:.1f}" data-version="{self.edition.version}">'
            f"drawn in {spent:.0f} ms</span>"
        )  # fmt: skip


def _to_come() -> Html:
    return Html(
        '<p class="trouble" role="status">Nothing is published yet. The first data are here within two minutes of the'
        " first message; the overview shows what comes in until then.</p>"
    )
