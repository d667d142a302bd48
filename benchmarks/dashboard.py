"""How fast the dashboard is: first paint in Chromium, and the server's time for a refresh of each page.

    python benchmarks/dashboard.py

Thirty days of 1,000 devices are made and published. Each page is opened in a fresh profile (first paint with nothing
cached) and once more with its code cached. Then it refreshes every second while the published file is made to look new
each time, so that no answer is kept (``cold``), and while it stays as it is (``kept``).
"""

from __future__ import annotations

import argparse
import json
import os
import shutil
import statistics
import sys
import tempfile
from datetime import UTC, datetime
from pathlib import Path

from dashboard_world import ROOT, make
from playwright.sync_api import Page, sync_playwright

from iot_assets_tests.serving.dashboard.stage import serving

#: A closed page is forgotten by the server after so many milliseconds; until then it would ask first.
_FORGOTTEN = 11_000
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
SPENT = "() => Number(document.querySelector('.spent').dataset.ms)"
AGAIN = "() => { document.querySelector('.spent').dataset.ms = -1; }"


def refreshes(page: Page, count: int, published: Path | None) -> list[float]:
    """The server's milliseconds of so many refreshes; ``published`` is made to look new before each."""
    spent = []
    for _ in range(count):
        if published is not None:
            os.utime(published)
        page.evaluate(AGAIN)
        page.wait_for_function(f"({SPENT})() >= 0", timeout=60_000)
        spent.append(page.evaluate(SPENT))
    return spent


def p95(spent: list[float]) -> float:
    return round(sorted(spent)[min(int(len(spent) * 0.95), len(spent) - 1)], 1)


def main() -> None:
    """Measure and report."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--devices", type=int, default=1000)
    parser.add_argument("--days", type=int, default=30)
    parser.add_argument("--refreshes", type=int, default=20)
    arguments = parser.parse_args()
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed")
    (ROOT / "benchmarks" / "work").mkdir(exist_ok=True)
    results: dict[str, dict[str, float]] = {}
    with tempfile.TemporaryDirectory(dir=ROOT / "benchmarks" / "work") as folder, sync_playwright() as playwright:
        paths = make(Path(folder), devices=arguments.devices, days=arguments.days)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with serving(Path(folder)) as server:
            for name, path in PAGES.items():
                context = browser.new_context()
                paints = []
                for _ in range(3):
                    page = context.new_page()
                    page.goto(f"{server.address}{path}every=1", timeout=60_000)
                    page.wait_for_selector(".spent")
                    paints.append(page.evaluate(PAINT))
                    if len(paints) < 3:
                        page.close()
                page.wait_for_timeout(_FORGOTTEN)
                cold = refreshes(page, arguments.refreshes, paths.serving)
                kept = refreshes(page, 5, None)
                context.close()
                results[name] = {
                    "first paint, nothing cached, ms": round(paints[0]),
                    "first paint, code cached, median ms": round(statistics.median(paints[1:])),
                    "refresh after a publication, median ms": round(statistics.median(cold), 1),
                    "refresh after a publication, p95 ms": p95(cold),
                    "refresh, nothing new, median ms": round(statistics.median(kept), 1),
                }
                print(name, results[name])
        browser.close()
    results["machine"] = {"load of the last minute": round(os.getloadavg()[0], 1), "cores": os.cpu_count() or 0}
    target = ROOT / "benchmarks" / "results" / f"dashboard-{datetime.now(UTC):%Y-%m-%d}.json"
    target.write_text(json.dumps(results, indent=1) + "\n")


if __name__ == "__main__":
    main()
