"""Fixtures of the tests of pages: a browser, a server of a house with data, and a page of it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.serving.dashboard.stage import CHROMIUM, Server, Watched, filled, serving

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from playwright.sync_api import Browser


@pytest.fixture(scope="module")
def browser() -> Iterator[Browser]:
    """A real Chromium without a screen; of a module only, since Playwright keeps an event loop running till its end."""
    if CHROMIUM is None:
        pytest.skip("CHROMIUM IS NOT INSTALLED, so the dashboard was not tested in a browser; install it")
    from playwright.sync_api import expect, sync_playwright

    expect.set_options(timeout=20_000)  # a busy machine is no fault
    with sync_playwright() as playwright:
        chromium = playwright.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        yield chromium
        chromium.close()


@pytest.fixture(scope="session")
def world(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The folder of a house with data; to be changed by nobody, ``furnish`` gives another one the same."""
    return filled(tmp_path_factory.mktemp("dashboard")).paths.root


@pytest.fixture(scope="session")
def server(world: Path) -> Iterator[Server]:
    """A server of it."""
    with serving(world) as running:
        yield running


@pytest.fixture
def watched(browser: Browser, server: Server) -> Iterator[Watched]:
    """A page of it; nothing on it may go wrong."""
    watched = Watched(browser, server)
    yield watched
    watched.close()
    assert watched.wrong == []
