"""Pages where keys are asked for: a form, a cookie, and what happens when the key is taken back."""

from __future__ import annotations

from typing import TYPE_CHECKING

import httpx
import pytest
from playwright.sync_api import expect

from iot_assets.serving.api.app import keys_file
from iot_assets.serving.api.cookies import cookie_for, key_of
from iot_assets.serving.api.keys import Keys
from iot_assets_tests.house import house_in
from iot_assets_tests.serving.dashboard.stage import Server, Watched, furnish, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def locked(tmp_path_factory: pytest.TempPathFactory, world: Path) -> Iterator[Server]:
    """A server of the world that asks for keys."""
    folder = tmp_path_factory.mktemp("locked")
    furnish(folder, world)
    with serving(folder, IOT_SERVER__REQUIRE_KEYS="true") as server:
        yield server


def test_behind_keys_there_is_a_form_and_a_key_opens_the_pages_until_it_is_revoked(
    browser: Browser, locked: Server
) -> None:
    keys = Keys(keys_file(house_in(locked.folder).settings))
    secret, ingest = keys.make("eyes", ("read",)), keys.make("mouth", ("ingest",))
    watched = Watched(browser, locked)
    page = watched.page
    page.goto(f"{locked.address}devices?kind=meter")
    for wrong, told in (("iot_guessed", "there is no such API key"), (ingest, "has not the scope read")):
        page.get_by_label("API key").fill(wrong)
        page.get_by_role("button", name="Log in").click()
        expect(page.get_by_role("alert")).to_contain_text(told)
    page.get_by_label("API key").fill(secret)
    page.get_by_role("button", name="Log in").click()
    expect(page.locator("tbody")).to_contain_text("cellar")
    assert page.url.endswith("devices?kind=meter")
    (cookie,) = watched.context.cookies()
    assert (cookie["httpOnly"], cookie["sameSite"], secret in cookie["value"]) == (True, "Lax", False)
    with httpx.Client(cookies={cookie["name"]: cookie["value"]}, base_url=f"http://127.0.0.1:{locked.port}") as client:
        assert client.get("/latest").status_code == 200
        assert client.post("/sql", content="select 1").status_code == 403, "a cookie only reads"
    keys.revoke("eyes")
    page.goto(f"{locked.address}")
    expect(page.get_by_label("API key")).to_be_visible()
    watched.close()


def test_without_a_key_nothing_behind_the_form_answers(locked: Server) -> None:
    for path in ("", "devices", "device?id=x", "_nicegui_ws/socket.io/?EIO=4&transport=polling"):
        answer = httpx.get(locked.address + path)
        assert (answer.status_code, "/dashboard/login" in answer.headers["location"]) == (303, True)
    elsewhere = httpx.post(f"{locked.address}login?to=https://example.org/", data={"key": "x"})
    assert elsewhere.status_code == 401


@pytest.mark.parametrize(
    "spoil", [lambda t: t[:-1], lambda t: "x" + t, lambda t: t.replace(".", ".9", 1), lambda t: "é.9.z"]
)
def test_a_cookie_that_was_tampered_with_stands_for_no_key(tmp_path: Path, spoil: object) -> None:
    keys = Keys(keys_file(house_in(tmp_path).settings))
    keys.make("eyes é", ("admin",))
    (key,) = keys.all()
    text = cookie_for(key).text
    assert (found := key_of(text, keys)) is not None
    assert found.scopes == ("read",)
    assert callable(spoil)
    assert key_of(spoil(text), keys) is None
