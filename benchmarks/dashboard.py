"""How fast the dashboard is: paint in Chromium, and the server's time for a refresh of each page.

    python benchmarks/dashboard.py

Thirty days of 1,000 devices are made and published (``--world``: in a folder that is kept for the next time). Each page
is opened by a browser that was never here, and again with its code cached; ``first paint`` is Chromium's first
contentful one, ``drawn`` when the page's figures are there. Then each page is refreshed every second, and what is
published is made to look new again and again: ``refresh`` is what the server spends on one that shows a new
publication, ``shown after`` the time from the publication to that (it is looked for twice a second, asked beforehand,
and shown by the next refresh).
"""

from __future__ import annotations

import os
import shutil
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from dashboard_world import ROOT, make
from playwright.sync_api import Browser, Page, sync_playwright

from iot_assets.bench.figures import Figures, percentile
from iot_assets.bench.script import folder, parser
from iot_assets.lake.paths import DataPaths
from iot_assets_tests.serving.dashboard.stage import Server, serving

HERE = ROOT / "benchmarks"
#: A closed page is forgotten by the server after so many seconds; until then it would ask, too.
_FORGOTTEN = 26
PAGES = {
    "overview": "?",
    "devices": "devices?",
    "device": "device?id=pump-0020&",
    "fleet": "fleet?",
    "quality": "quality?",
    "pipeline": "pipeline?",
    "fleet, 30 days": "fleet?span=30d&",
    "quality, 30 days": "quality?span=30d&",
}
PAINT = "performance.getEntriesByName('first-contentful-paint')[0].startTime"
#: Notes when the figures are there.
NOTE = """new MutationObserver((_, watch) => {
    if (document.querySelector('.spent')) { window.drawnAt = performance.now(); watch.disconnect(); }
}).observe(document, {childList: true, subtree: true});"""
SHOWN = "() => document.querySelector('.spent').dataset.version !== '{}'"
DRAWN = "document.querySelector('.spent').dataset"


def paints(browser: Browser, server: Server, path: str) -> list[tuple[float, float]]:
    """First paint and figures drawn, in ms: with nothing cached, then twice with the code cached."""
    context = browser.new_context()
    context.add_init_script(NOTE)
    found = []
    for _ in range(3):
        page = context.new_page()
        page.goto(f"{server.address}{path}every=1", timeout=60_000)
        page.wait_for_selector(".spent", timeout=60_000)
        found.append((page.evaluate(PAINT), page.evaluate("window.drawnAt")))
        page.close()
    context.close()
    return found


def refreshes(page: Page, count: int, published: Path) -> Iterator[tuple[float, float, float]]:
    """Of so many publications: the server's ms for the refresh that shows it, and for one that shows nothing new, and
    the ms until it is shown."""
    for _ in range(count):
        version = page.evaluate(f"{DRAWN}.version")
        began = time.perf_counter()
        os.utime(published)
        page.wait_for_function(SHOWN.format(version), timeout=60_000)
        shown = (time.perf_counter() - began) * 1000
        fresh = float(page.evaluate(f"{DRAWN}.ms"))
        page.wait_for_timeout(1100)
        yield fresh, float(page.evaluate(f"{DRAWN}.ms")), shown


def resident_mb(server: Server) -> float:
    """What the server's process holds now."""
    assert server.process is not None
    pages = int(Path(f"/proc/{server.process.pid}/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


@contextmanager
def world(kept: Path | None, work: Path, *, devices: int, days: int) -> Iterator[DataPaths]:
    """The published month: made anew, or the one that is kept."""
    if kept is None:
        with folder(work) as data:
            yield make(data, devices=devices, days=days)
        return
    kept.mkdir(parents=True, exist_ok=True)
    yield DataPaths(kept) if DataPaths(kept).serving.exists() else make(kept, devices=devices, days=days)


def main() -> None:
    """Measure and report."""
    asked = parser(__doc__, HERE, repetitions=20)
    asked.add_argument("--devices", type=int, default=1000)
    asked.add_argument("--days", type=int, default=30)
    asked.add_argument("--world", type=Path, help="keep what is made here, or take what is here")
    asked.add_argument("--pages", nargs="*", choices=list(PAGES), default=list(PAGES), help="only these")
    given = asked.parse_args()
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed")
    figures = Figures("dashboard", devices=given.devices, days=given.days)
    with (
        world(given.world, given.work, devices=given.devices, days=given.days) as paths,
        sync_playwright() as playwright,
        serving(paths.root) as server,
    ):
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name in given.pages:
            first, *others = paints(browser, server, PAGES[name])
            figures.add(f"{name}: first paint, nothing cached", "ms", [first[0]])
            figures.add(f"{name}: drawn, nothing cached", "ms", [first[1]])
            figures.add(f"{name}: first paint, code cached", "ms", [paint for paint, _ in others])
            figures.add(f"{name}: drawn, code cached", "ms", [drawn for _, drawn in others])
        time.sleep(_FORGOTTEN)
        memory = [resident_mb(server)]
        for name in given.pages:
            page = browser.new_page()
            page.goto(f"{server.address}{PAGES[name]}every=1")
            page.wait_for_selector(".spent")
            found = list(refreshes(page, given.repetitions, paths.serving))
            page.close()
            memory.append(resident_mb(server))
            for place, what in enumerate(("refresh with a new publication", "refresh, nothing new", "shown after")):
                values = [one[place] for one in found]
                figures.add(f"{name}: {what}", "ms", values)
                figures.add(f"{name}: {what}, p95", "ms", [percentile(values, 0.95)])
        browser.close()
    figures.add("server's memory, after each page's publications", "MB", memory)
    figures.keep(given.into)


if __name__ == "__main__":
    main()
