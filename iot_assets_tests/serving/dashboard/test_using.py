"""Using the pages: filters, zoom, what is behind a point, export, pause, theme, the keyboard."""

from __future__ import annotations

import io
import re
from typing import TYPE_CHECKING

import httpx
import polars as pl
from playwright.sync_api import expect

from iot_assets_tests.serving.dashboard.stage import DAY, ODD, Server, Watched

if TYPE_CHECKING:
    from playwright.sync_api import Browser

#: Pixels of a point of the first series of the first chart.
PIXEL = """([series, n]) => {
    const element = document.querySelector('.nicegui-echart');
    const chart = getElement(element.id.slice(1)).chart;
    const own = chart.getOption().series[series];
    const [x, y] = chart.convertToPixel({seriesIndex: series}, own.data[n]);
    const box = element.getBoundingClientRect();
    return [x + box.left, y + box.top];
}"""
POINTS = """() => {  // none while the chart is not drawn
    const element = document.querySelector('.nicegui-echart');
    const drawn = element && getElement(element.id.slice(1))?.chart?.getOption();
    return drawn?.series?.[0]?.data?.length;
}"""


def test_what_is_chosen_stands_in_the_address_which_shows_the_same_to_others(
    watched: Watched, browser: Browser, server: Server
) -> None:
    page = watched.open("devices")
    page.get_by_label("Kind").select_option("climate")
    page.wait_for_url(re.compile("kind=climate"))
    page.get_by_label("Search devices").fill("att")
    page.keyboard.press("Enter")
    page.wait_for_url(re.compile("q=att"))
    other = Watched(browser, server)
    other.page.goto(page.url)
    expect(other.page.locator("tbody tr")).to_have_count(1)
    expect(other.page.locator("tbody")).to_contain_text("attic")
    expect(other.page.get_by_label("Kind")).to_have_value("climate")
    other.close()


def test_a_device_is_opened_from_the_list_whatever_its_name(watched: Watched) -> None:
    page = watched.open("devices")
    page.get_by_role("link", name=ODD).click()
    expect(page.locator("h1")).to_have_text(ODD)


def test_zooming_out_shows_coarser_points_and_the_address_follows(watched: Watched) -> None:
    page = watched.open(f"device?id=attic&{DAY}")
    expect(page.locator("body")).to_contain_text("each reading")
    page.wait_for_function(f"({POINTS})() === 120")
    page.get_by_role("link", name="Zoom out").click()
    expect(page.locator("body")).to_contain_text("mean, least and greatest of each hour")
    page.wait_for_function(f"({POINTS})() === 2")


def test_turning_the_wheel_on_the_chart_shows_a_shorter_time(watched: Watched) -> None:
    page = watched.open(f"device?id=attic&{DAY}")
    page.wait_for_function(f"({POINTS})() === 120")
    page.mouse.move(*page.evaluate(PIXEL, [0, 60]))
    for _ in range(3):
        page.mouse.wheel(0, -400)
    page.wait_for_function("!location.search.includes('T00%3A00%3A00')")
    expect(page.locator("h1")).to_have_text("attic")


def test_a_click_on_a_point_shows_the_bytes_that_it_came_in(watched: Watched) -> None:
    page = watched.open("device?id=attic&first=2025-11-12T12:10:00&after=2025-11-12T12:20:00")
    page.wait_for_function(f"({POINTS})() === 10")
    page.mouse.click(*page.evaluate(PIXEL, [0, 5]))
    behind = page.locator("section", has_text="Messages behind a point")
    expect(behind.locator("td code")).to_contain_text('"humidity": 41')
    expect(behind).to_contain_text("2025-11-12 12:15:00")
    expect(behind).to_contain_text("landed/date=2025-11-12")


def test_what_is_exported_is_what_is_shown(watched: Watched) -> None:
    page = watched.open("devices?kind=climate&state=online")
    for way in ("CSV", "JSON", "Parquet"):
        link = page.get_by_role("navigation", name="Export").get_by_role("link", name=way)
        body = httpx.get(str(link.evaluate("a => a.href"))).content
        match way:
            case "CSV":
                names = pl.read_csv(io.BytesIO(body))["device_id"].to_list()
            case "JSON":
                names = [one["device_id"] for one in httpx.Response(200, content=body).json()["items"]]
            case _:
                names = pl.read_parquet(io.BytesIO(body))["device_id"].to_list()
        assert names == ["attic", ODD]


def test_paused_it_is_not_drawn_anew_until_it_is_resumed(watched: Watched) -> None:
    page = watched.open("?every=1")
    drawn = "() => { const e = document.querySelector('.spent'); e.dataset.mark = 'old'; return true; }"
    fresh = "() => !document.querySelector('.spent').dataset.mark"
    page.evaluate(drawn)
    page.wait_for_function(fresh)
    button = page.get_by_role("button", name="Pause")
    button.focus()
    page.keyboard.press("Enter")
    resume = page.get_by_role("button", name="Resume")
    expect(resume).to_have_attribute("aria-pressed", "true")
    page.wait_for_timeout(300)  # one that was under way
    page.evaluate(drawn)
    page.wait_for_timeout(2200)
    assert not page.evaluate(fresh)
    resume.click()
    page.wait_for_function(fresh)


def test_the_theme_that_was_chosen_is_kept(watched: Watched) -> None:
    page = watched.open("")
    expect(page.locator("body")).to_have_class(re.compile("body--light"))
    page.get_by_role("button", name="Switch between light and dark").click()
    expect(page.locator("body")).to_have_class(re.compile("body--dark"))
    expect(watched.open("devices").locator("body")).to_have_class(re.compile("body--dark"))


def test_by_keyboard_one_gets_everywhere_and_charts_have_names(watched: Watched) -> None:
    page = watched.open("")
    focused = []
    for _ in range(12):
        page.keyboard.press("Tab")
        focused.append(
            page.evaluate("document.activeElement.getAttribute('aria-label') || document.activeElement.innerText")
        )
    assert focused[:7] == ["Skip to content", "iot_assets", "Overview", "Devices", "Fleet", "Quality", "Pipeline"]
    assert {"Time", "Refresh", "Pause"} <= {name.strip() for name in focused}
    for chart in page.locator(".nicegui-echart").all():
        assert chart.get_attribute("aria-label")
