"""Each page in a real browser: with data, without, and while the server is gone."""

from __future__ import annotations

import re
from datetime import UTC, datetime
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from iot_assets.serving.dashboard.fleet_map import north
from iot_assets_tests.house import house_in
from iot_assets_tests.lake_builder import NOON, LakeBuilder, said
from iot_assets_tests.serving.dashboard.stage import DAY, ODD, PAGES, Server, Watched, furnish, serving
from iot_assets_tests.waiting import eventually

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

#: Page → charts drawn on it, and words that only its data can have brought.
DRAWN = {
    "": (3, ["late", "Quality score"]),
    "devices": (1, [ODD, "cellar", "humidity"]),
    "fleet": (4, ["temperature", "power"]),
    # Shapes side by side since the beginning are no change.
    "quality": (4, ["no route", "nowhere/<i>known</i>", "devices/{device}/#", "No route sends anything new"]),
    "pipeline": (2, ["Waiting files", "server"]),
    f"device?id={ODD}": (1, ["climate", "north", "temperature"]),
}


@pytest.mark.parametrize("path", DRAWN)
def test_a_page_shows_what_there_is_wide_and_light_or_on_a_phone_in_the_dark_and_gives_it_away(
    watched: Watched, path: str
) -> None:
    charts, words = DRAWN[path]
    page = watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}")
    expect(page.locator("h1")).to_have_text(ODD if "id=" in path else path.capitalize() or "Overview")
    expect(page.locator(".nicegui-echart:visible")).to_have_count(charts)
    for word in words:
        expect(page.locator("body")).to_contain_text(word)
    assert page.locator("body b, body i:not(.q-icon)").count() == 0, "a name was taken for markup"
    exports = [str(link.evaluate("a => a.href")) for link in page.locator(".export a", has_text="CSV").all()]
    assert exports
    for address in exports:
        answer = httpx.get(address)
        assert (answer.status_code, "," in answer.text.splitlines()[0]) == (200, True), address
    page.emulate_media(color_scheme="dark")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    page.set_viewport_size({"width": 360, "height": 800})
    page.wait_for_function("document.documentElement.scrollWidth === 360")


def test_a_page_without_data_says_so_shows_what_comes_in_and_fills_once_there_is_some(
    browser: Browser, tmp_path: Path, world: Path
) -> None:
    house = house_in(tmp_path)
    house.paths.spools.mkdir(parents=True)
    LakeBuilder(house.paths).land(said("attic", (datetime.now(UTC) - NOON).total_seconds(), temperature=21.25))
    with serving(tmp_path) as server:
        watched = Watched(browser, server)
        pages = [watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}&every=1", watched.another()) for path in PAGES]
        for page in pages:
            expect(page.locator(".trouble")).to_contain_text("Nothing is published yet")
        expect(pages[0].locator("tr", has_text="attic")).to_contain_text("21.25")
        furnish(tmp_path, world)
        for page in pages:
            expect(page.locator(".trouble")).to_have_count(0)
            expect(page.locator("canvas:visible").first).to_be_visible()
        watched.close()
        assert watched.wrong == []


def test_a_page_of_a_time_without_data_says_so(watched: Watched) -> None:
    sentences = {
        "": "No messages in this time", "fleet": "No readings in this time", "quality": "Nothing was rejected",
        "pipeline": "No file was taken", "device?id=attic": "No readings in this time",
    }  # fmt: skip
    for path, sentence in sentences.items():
        time = "first=2019-01-01T00:00:00&after=2019-01-02T00:00:00"
        page = watched.open(f"{path}{'&' if '?' in path else '?'}{time}")
        expect(page.locator(".nothing:visible").filter(has_text=sentence).first).to_be_visible()
    expect(watched.open("device?id=nobody").locator("body")).to_contain_text("There is no device 'nobody'")
    expect(watched.open("devices?q=nobody").locator("body")).to_contain_text("No device is like this")


def test_a_page_says_that_the_server_is_gone_and_goes_on_when_it_is_back(browser: Browser, world: Path) -> None:
    server = Server(world)
    server.start()
    watched = Watched(browser, server)
    try:
        pages = [watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}", watched.another()) for path in PAGES]
        for page in pages:
            expect(page.locator("canvas:visible").first).to_be_visible()
        server.stop()
        for page in pages:
            expect(page.locator("#popup")).to_have_attribute("aria-hidden", "false")
            expect(page.locator("canvas:visible").first).to_be_visible()  # what was shown stays
        server.start()
        for page in pages:
            expect(page.locator("#popup")).to_have_attribute("aria-hidden", "true")
            expect(page.locator("canvas:visible").first).to_be_visible()
    finally:
        watched.close()
        server.stop()


def test_the_code_of_the_framework_is_the_same_each_time_compressed_or_not(server: Server) -> None:
    found = re.search(r'src="(/dashboard/_nicegui/[^"]*nicegui\.js)"', httpx.get(server.address).text)
    assert found is not None
    address = server.address.removesuffix("/dashboard/") + found[1]
    for encoding in ("gzip", "identity"):
        first, second = (httpx.get(address, headers={"accept-encoding": encoding}) for _ in range(2))
        assert (first.text, first.headers.get("content-encoding")) == (
            second.text,
            second.headers.get("content-encoding"),
        )
        assert first.headers.get("content-encoding", "identity") == encoding
    assert first.status_code == 200


def test_the_root_leads_to_the_dashboard_and_the_api_keeps_its_manners(server: Server) -> None:
    root = server.address.removesuffix("dashboard/")
    assert httpx.get(root).headers["location"] == "/dashboard/"
    for path, status in (("nowhere", 404), ("latest", 200)):
        answer = httpx.get(root + path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert httpx.post(f"{root}latest").status_code == 405


def test_what_no_run_has_taken_yet_is_on_the_pages(watched: Watched) -> None:
    page = watched.open("device?id=attic")
    expect(page.locator(".facts")).to_contain_text("33.25")
    expect(page.locator(".ways")).to_contain_text("1 of them not published yet")
    expect(watched.open("").locator(".tiles")).to_contain_text("1 to be published")


def test_the_map_lies_on_tiles_where_the_settings_name_them(browser: Browser, world: Path) -> None:
    asked: list[str] = []

    class Tiles(BaseHTTPRequestHandler):
        def do_GET(self) -> None:
            asked.append(self.path)
            self.send_error(404)

        def log_message(self, *_: object) -> None:
            pass

    with ThreadingHTTPServer(("127.0.0.1", 0), Tiles) as tiles:
        Thread(target=tiles.serve_forever, name="tiles").start()
        address = f"http://127.0.0.1:{tiles.server_port}/{{z}}/{{x}}/{{y}}.png"
        with serving(world, IOT_SERVER__MAP_TILES=address, IOT_SERVER__MAP_ATTRIBUTION="Example's tiles") as server:
            watched = Watched(browser, server)
            expect(watched.open("fleet").locator("section", has_text="Map").first).to_contain_text("Example's tiles")
            eventually(lambda: bool(asked))
            watched.close()
        tiles.shutdown()
    zoom, x, y = map(int, asked[0].removesuffix(".png").strip("/").split("/"))
    assert (x, y) == pytest.approx((2**zoom * (180 + 11.51) / 360, 2**zoom * (180 - north(48.11)) / 360), abs=3)
