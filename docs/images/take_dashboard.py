# ruff: noqa: INP001 - a script beside its pictures, not a package
"""Takes the dashboard's pictures of a made-up fleet, in headless Chromium: ``python docs/images/take_dashboard.py``.

Look at each before it is committed.
"""

from __future__ import annotations

import shutil
import sys
import tempfile
from pathlib import Path

from playwright.sync_api import sync_playwright

HERE = Path(__file__).parent
ROOT = HERE.parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "benchmarks")]

from dashboard_world import make  # noqa: E402

from iot_assets_tests.serving.dashboard.stage import serving  # noqa: E402

#: Name → page, width, height, scheme.
PICTURES = {
    "overview": ("", 1280, 900, "light"),
    "overview_phone": ("", 390, 1240, "dark"),
    "devices": ("devices?kind=meter", 1280, 860, "light"),
    "device_dark": ("device?id=pump-0020", 1280, 760, "dark"),
    "fleet": ("fleet?span=7d&colour=kind", 1280, 1260, "light"),
    "quality": ("quality?span=7d", 1280, 1180, "light"),
    "pipeline_dark": ("pipeline", 1280, 1240, "dark"),
}


def main() -> None:
    """Take all of them."""
    chromium = shutil.which("chromium") or sys.exit("chromium is not installed")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as playwright:
        make(Path(folder), devices=80, days=30)
        browser = playwright.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        with serving(Path(folder)) as server:
            for name, (path, width, height, scheme) in PICTURES.items():
                context = browser.new_context(
                    viewport={"width": width, "height": height},
                    color_scheme="dark" if scheme == "dark" else "light",
                )
                page = context.new_page()
                page.goto(server.address + path)
                page.wait_for_selector(".spent")
                page.wait_for_timeout(2500)
                page.screenshot(path=HERE / f"dashboard_{name}.png")
                context.close()
        browser.close()


if __name__ == "__main__":
    main()
