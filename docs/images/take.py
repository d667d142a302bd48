# ruff: noqa: INP001 - a script beside its pictures, not a package
"""Takes the screenshots of the docs from a running Dagster page, in headless Chromium.

Run ``make demo``, let it work for ten minutes or so, then ``.venv/bin/python docs/images/take.py`` (another address:
``--page http://127.0.0.1:3711``; some pictures only: their names). Look at each before it is committed.
"""

from __future__ import annotations

import argparse
import base64
import json
import shutil
import subprocess
import sys
import tempfile
import time
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from websockets.sync.client import ClientConnection, connect

HERE = Path(__file__).parent
PROGRAMS = ("chromium", "chromium-browser", "google-chrome")
FLAGS = (
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
    "--hide-scrollbars",
    "--remote-debugging-port=0",
    "--remote-allow-origins=*",
)
#: What is on the page while it still loads.
BUSY = "document.querySelectorAll('[class*=spinner],[class*=Spinner],[class*=skeleton],[class*=shimmer]').length"
MOST_SECONDS = 40.0


@dataclass(frozen=True)
class Picture:
    """One screenshot: which page, how large, what to do on it first, which text it must hold."""

    name: str
    path: str
    height: int = 900
    width: int = 1440
    scale: float = 1
    first: tuple[Callable[[Browser], None], ...] = ()
    shows: str = ""


def expand_all(browser: Browser) -> None:
    """Alt-E: open every group of the lineage; the browser remembers."""
    key = {"modifiers": 1, "key": "e", "code": "KeyE", "windowsVirtualKeyCode": 69}
    for kind in ("keyDown", "keyUp"):
        browser.call("Input.dispatchKeyEvent", type=kind, **key)


def downwards(browser: Browser) -> None:
    """The lineage from top to bottom: its tables stand side by side, so that it is wide and not high."""
    browser.run("localStorage.setItem('asset-graph-direction', JSON.stringify('vertical'))")


def reload(browser: Browser) -> None:
    """Load the page again, so that what is on it now is made to fit."""
    browser.call("Page.reload")


def plots(browser: Browser) -> None:
    """On an asset's overview: its figures over time instead of the latest."""
    browser.run(
        "(() => { const b = [...document.querySelectorAll('button')].find(b => b.textContent.trim() === 'Plots');"
        " b.click(); b.scrollIntoView(); })()"
    )


def to_the_columns(browser: Browser) -> None:
    """On an asset's overview: down to its columns, as they begin to have statistics."""
    browser.run("[...document.querySelectorAll('tr')].find(r => r.innerText.startsWith('n_valid')).scrollIntoView()")


def why_unsynced(browser: Browser) -> None:
    """On the page of an asset that is out of date: what is told of it under the pointer."""
    place = browser.run(
        "(() => { const spans = [...document.querySelectorAll('span')];"
        " const tag = spans.filter(s => s.innerText.startsWith('Unsynced')).pop();"
        " const at = tag.getBoundingClientRect(); return [at.x + at.width / 2, at.y + at.height / 2]; })()"
    )
    browser.call("Input.dispatchMouseEvent", type="mouseMoved", x=place[0], y=place[1])


def last_hour(browser: Browser) -> None:
    """On the timeline: the hour just gone instead of twelve."""
    browser.run("[...document.querySelectorAll('button')].find(b => b.textContent.trim() === '1hr').click()")


PICTURES = (
    Picture(
        "lineage",
        "/asset-groups",
        width=3000,
        height=1480,
        scale=0.62,
        first=(downwards, expand_all, reload),
        shows="serving",
    ),
    Picture("materialization", "/assets/gold/readings_1min?view=events", shows="lag_seconds"),
    Picture("overview", "/assets/silver/readings?view=overview", height=1180, shows="Freshness policy"),
    Picture("checks", "/assets/bronze/files?view=checks&checkDetail=lander_state", shows="session_lost"),
    Picture(
        "checks_trend",
        "/assets/silver/readings?view=checks&checkDetail=event_time_lag",
        height=960,
        shows="lag_seconds",
    ),
    Picture("automation", "/automation", height=560, shows="catch_up"),
    Picture("runs", "/overview/activity/timeline", height=420, shows="minute", first=(last_hour,)),
    Picture(
        "column_lineage", "/assets/gold/readings_1h?view=overview", height=1100, shows="into", first=(to_the_columns,)
    ),
    Picture(
        "out_of_date", "/assets/gold/readings_1h?view=overview", height=500, shows="Unsynced", first=(why_unsynced,)
    ),
    Picture("plots", "/assets/silver/readings?view=overview", shows="Freshness policy", first=(plots,)),
)


def main() -> None:
    """Take all of them, or those named."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--page", default="http://127.0.0.1:3000")
    parser.add_argument("--into", type=Path, default=HERE)
    parser.add_argument("names", nargs="*")
    given = parser.parse_args()
    if unknown := set(given.names) - {picture.name for picture in PICTURES}:
        sys.exit(f"there is no picture {', '.join(sorted(unknown))}")
    with chromium() as browser:
        for picture in PICTURES:
            if not given.names or picture.name in given.names:
                file = given.into / f"{picture.name}.png"
                file.write_bytes(take(browser, given.page, picture))
                print(f"{file}: {file.stat().st_size // 1024} KB")


def take(browser: Browser, page: str, picture: Picture) -> bytes:
    """The PNG of a page once nothing on it loads any more."""
    browser.call(
        "Emulation.setDeviceMetricsOverride",
        width=picture.width, height=picture.height, deviceScaleFactor=picture.scale, mobile=False,
    )  # fmt: skip
    browser.call("Page.navigate", url=page + picture.path)
    settle(browser, picture.shows)
    for step in picture.first:
        step(browser)
        time.sleep(2)
        settle(browser, picture.shows)
    answer = browser.call("Page.captureScreenshot", format="png")
    return base64.b64decode(answer["data"])


def settle(browser: Browser, text: str) -> None:
    """Wait until the page says this text and shows no spinner, for three looks in a row."""
    calm, ends = 0, time.monotonic() + MOST_SECONDS
    while calm < 3:
        if time.monotonic() > ends:
            print(f"  after {MOST_SECONDS:.0f} s still busy or without {text!r}: look at the picture", file=sys.stderr)
            return
        time.sleep(1)
        there = text in str(browser.run("document.body.innerText"))
        calm = calm + 1 if there and browser.run(BUSY) == 0 else 0


class Browser:
    """A tab, by the DevTools protocol."""

    def __init__(self, socket: ClientConnection) -> None:
        self._socket, self._number = socket, 0

    def call(self, method: str, **parameters: Any) -> dict[str, Any]:
        """Call a method and wait for its answer; events in between are passed over."""
        self._number += 1
        self._socket.send(json.dumps({"id": self._number, "method": method, "params": parameters}))
        while True:
            answer = json.loads(self._socket.recv(timeout=MOST_SECONDS))
            if answer.get("id") == self._number:
                if "error" in answer:
                    raise RuntimeError(f"{method}: {answer['error']}")
                return dict(answer["result"])

    def run(self, script: str) -> Any:
        """The value of a piece of JavaScript on the page."""
        return self.call("Runtime.evaluate", expression=script, returnByValue=True)["result"].get("value")


@contextmanager
def chromium() -> Iterator[Browser]:
    """A browser with a profile of its own, gone afterwards."""
    program = next((found for name in PROGRAMS if (found := shutil.which(name))), None)
    if program is None:
        sys.exit("chromium is not installed")
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as profile:
        process = subprocess.Popen(
            [program, *FLAGS, f"--user-data-dir={profile}", "about:blank"],
            stdout=subprocess.DEVNULL,
            stderr=subprocess.DEVNULL,
        )
        try:
            with connect(_tab(Path(profile)), max_size=None) as socket:
                yield Browser(socket)
        finally:
            process.terminate()
            process.wait(timeout=20)


def _tab(profile: Path) -> str:
    """The address of the first tab's socket; the browser writes its port into the profile."""
    ends = time.monotonic() + MOST_SECONDS
    while time.monotonic() < ends:
        try:
            port = (profile / "DevToolsActivePort").read_text(encoding="utf-8").splitlines()[0]
            with urllib.request.urlopen(f"http://127.0.0.1:{urllib.parse.quote(port)}/json") as answer:
                return str(next(tab["webSocketDebuggerUrl"] for tab in json.load(answer) if tab["type"] == "page"))
        except (OSError, IndexError, StopIteration):
            time.sleep(0.2)
    sys.exit("chromium does not open its debugging port")


if __name__ == "__main__":
    main()
