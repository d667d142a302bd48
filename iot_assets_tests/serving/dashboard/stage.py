"""A house with its server as a process of its own, so that it can go away and come back, and a browser's pages.

Belongs here: what all tests of pages need. Does not: expectations.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Final
from urllib.request import urlopen

from iot_assets.lake.paths import DataPaths
from iot_assets.sections.quality import Quality
from iot_assets.warehouse import device_status, quality
from iot_assets_tests.brokers import free_port
from iot_assets_tests.house import RUN, House, house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, Message, at, registry, said
from iot_assets_tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser, Page

CHROMIUM: Final = next((p for p in map(shutil.which, ("chromium", "chromium-browser", "google-chrome")) if p), None)
#: The day on which the readings of ``filled`` are.
DAY: Final = "first=2025-11-12T00:00:00&after=2025-11-13T00:00:00"
PAGES: Final = ("", "devices", "fleet", "quality", "pipeline", "device?id=o'brien%20%3Cb%3E")
#: A name that must be escaped wherever it is shown.
ODD: Final = "o'brien <b>"


def filled(folder: Path) -> House:
    """A house whose devices were heard for two hours of a day: one fell silent, one says what cannot be.

    One has said something just now that no run has taken yet.
    """
    house = house_in(folder)
    known: dict[str, dict[str, object]] = {
        name: {"kind": kind, "site": site, "lat": 48.1 + n / 100, "lon": 11.5 + n / 90, "expected_interval_s": 60}
        for n, (name, kind, site) in enumerate(
            (("attic", "climate", "north"), (ODD, "climate", "north"), ("cellar", "meter", "south"))
        )
    }
    builder = LakeBuilder(house.paths)
    builder.land(registry(-10, known))
    minutes = range(120)
    builder.land(*(said("attic", m * 60, temperature=20 + m / 10, humidity=40 + m % 7) for m in minutes))
    builder.land(*(said(ODD, m * 60, temperature=22 + m % 5) for m in minutes))
    builder.land(*(said("cellar", m * 60, power=500 + m) for m in minutes if m < 40))
    builder.land(Message(received_at=at(60), topic="nowhere/<i>known</i>", payload=b"\xff"))
    house.run()
    with house.open() as connection:
        now = NOON + timedelta(hours=2)
        device_status.update(connection, house.settings.status, now, run_id=RUN)
        quality.update(connection, Quality(lag_minutes=0), now, run_id=RUN)
    house.publish()
    builder.land(said("attic", (datetime.now(UTC) - NOON).total_seconds(), temperature=33.25))
    house.paths.spools.mkdir()
    return house


def furnish(folder: Path, world: Path) -> None:
    """Put into a folder what is in another; what is published there appears at once, as when it is published."""
    published = DataPaths(world).serving.name
    shutil.copytree(world, folder, dirs_exist_ok=True, ignore=shutil.ignore_patterns(published, "*.log"))
    shutil.copy(world / published, folder / f"{published}.copying")
    (folder / f"{published}.copying").replace(folder / published)


@dataclass
class Server:
    """``iot-assets serve``, on a port that it keeps."""

    folder: Path
    settings: dict[str, str] = field(default_factory=dict)
    port: int = field(default_factory=free_port)
    process: subprocess.Popen[bytes] | None = None

    @property
    def address(self) -> str:
        """Of the dashboard."""
        return f"http://127.0.0.1:{self.port}/dashboard/"

    def start(self) -> None:
        """Start it, and wait until it answers."""
        environment = os.environ | {"IOT_DATA_DIR": str(self.folder)} | self.settings
        command = [sys.executable, "-m", "iot_assets", "serve", "--port", str(self.port)]
        with (self.folder / "serve.log").open("ab") as log:
            self.process = subprocess.Popen(command, env=environment, stdout=log, stderr=log)
        eventually(self._answers, seconds=60)

    def stop(self) -> None:
        """End it."""
        assert self.process is not None
        self.process.terminate()
        self.process.wait(20)

    def _answers(self) -> bool:
        assert self.process is not None
        assert self.process.poll() is None, (self.folder / "serve.log").read_text()
        try:
            with urlopen(f"http://127.0.0.1:{self.port}/openapi.json", timeout=5) as answer:
                return bool(answer.status == 200)
        except OSError:
            return False


@contextmanager
def serving(folder: Path, **settings: str) -> Iterator[Server]:
    """A server, ended afterwards."""
    server = Server(folder, settings)
    server.start()
    try:
        yield server
    finally:
        server.stop()


class Watched:
    """A page, and whatever went wrong on it or was asked of another host."""

    def __init__(self, browser: Browser, server: Server) -> None:
        self.context = browser.new_context(viewport={"width": 1280, "height": 900}, color_scheme="light")
        self.context.set_default_timeout(20_000)
        self.server = server
        self.wrong: list[str] = []
        self.page = self.another()

    def another(self) -> Page:
        """One page more."""
        page = self.context.new_page()
        page.on("pageerror", lambda error: self.wrong.append(str(error)))
        page.on("console", lambda said: self.wrong.append(said.text) if said.type == "error" else None)
        page.on("request", lambda request: self._asked(request.url))
        return page

    def open(self, path: str, page: Page | None = None) -> Page:
        """Open a page of the dashboard, and wait until it is drawn."""
        page = page or self.page
        page.goto(self.server.address + path)
        page.wait_for_selector("footer .block", state="attached")
        return page

    def close(self) -> None:
        """Close all its pages."""
        self.context.close()

    def _asked(self, url: str) -> None:
        if not url.startswith((f"http://127.0.0.1:{self.server.port}/", "data:", "blob:")):
            self.wrong.append(f"asked of elsewhere: {url}")
