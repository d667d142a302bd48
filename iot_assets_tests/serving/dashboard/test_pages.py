"""Each page in a real browser: with data, without, and while the server is gone."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from iot_assets_tests.serving.dashboard.stage import DAY, ODD, PAGES, Server, Watched, filled, serving

if TYPE_CHECKING:
    from pathlib import Path

    from playwright.sync_api import Browser

#: Page → charts drawn on it, and words that only its data can have brought.
DRAWN = {
    "": (3, ["late", "Quality score"]),
    "devices": (1, [ODD, "cellar", "humidity"]),
    "fleet": (4, ["temperature", "power"]),
    "quality": (4, ["no route", "nowhere/<i>known</i>", "devices/{device}/#"]),
    "pipeline": (2, ["Waiting files", "this server"]),
    f"device?id={ODD}": (1, ["climate", "north", "temperature"]),
}


@pytest.mark.parametrize("path", DRAWN)
def test_a_page_shows_what_there_is_with_nothing_but_what_the_server_sends(watched: Watched, path: str) -> None:
    charts, words = DRAWN[path]
    page = watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}")
    expect(page.locator("h1")).to_have_text(ODD if "id=" in path else path.capitalize() or "Overview")
    expect(page.locator(".nicegui-echart:visible")).to_have_count(charts)
    for word in words:
        expect(page.locator("body")).to_contain_text(word)
    assert page.locator("body b, body i:not(.q-icon)").count() == 0, "a name was taken for markup"


def test_a_page_without_data_says_so_and_fills_once_there_is_some(browser: Browser, tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        watched = Watched(browser, server)
        pages = [watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}&every=1", watched.another()) for path in PAGES]
        for page in pages:
            expect(page.locator(".trouble")).to_contain_text("does not exist yet")
        filled(tmp_path)
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


def test_a_page_says_that_the_server_is_gone_and_goes_on_when_it_is_back(browser: Browser, tmp_path: Path) -> None:
    filled(tmp_path)
    server = Server(tmp_path)
    server.start()
    watched = Watched(browser, server)
    try:
        pages = [watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}", watched.another()) for path in PAGES]
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


def test_the_root_leads_to_the_dashboard_and_the_api_keeps_its_manners(server: Server) -> None:
    root = server.address.removesuffix("dashboard/")
    assert httpx.get(root).headers["location"] == "/dashboard/"
    for path, status in (("nowhere", 404), ("latest", 200)):
        answer = httpx.get(root + path)
        assert (answer.status_code, answer.headers["content-type"]) == (status, "application/json")
    assert httpx.post(f"{root}latest").status_code == 405


@pytest.mark.parametrize("path", PAGES)
def test_on_a_phone_nothing_is_wider_than_the_screen(browser: Browser, server: Server, path: str) -> None:
    watched = Watched(browser, server, width=360, scheme="dark")
    page = watched.open(f"{path}{'&' if '?' in path else '?'}{DAY}")
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    assert page.evaluate("document.documentElement.scrollWidth") == 360
    watched.close()
    assert watched.wrong == []
