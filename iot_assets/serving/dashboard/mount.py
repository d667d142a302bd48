"""The dashboard put into the server's application: pages below ``/dashboard/``, to which ``/`` leads.

Belongs here: which pages there are. NiceGUI has one set of pages a process, so this may be done once in a process.
"""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import httpx
from nicegui import app as framework
from nicegui import ui
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from iot_assets.serving.dashboard import device, devices, fleet, overview, pipeline, quality
from iot_assets.serving.dashboard.asked import Asked
from iot_assets.serving.dashboard.frame import NAVIGATION, Frame, House, Page
from iot_assets.serving.dashboard.framework import Framework
from iot_assets.serving.dashboard.login import CODE, HOME, Guard, add_login
from iot_assets.serving.dashboard.vitals import Vitals

if TYPE_CHECKING:
    from fastapi import FastAPI

    from iot_assets.settings import Settings


def pages(settings: Settings) -> tuple[Page, ...]:
    """All pages."""
    learn = timedelta(minutes=settings.drift.learn_minutes)
    return (
        Page("", "Overview", overview.ask, overview.build, ("span",)),
        Page("devices", "Devices", devices.ask, devices.build, ("q", "kind", "site", "state", "band")),
        Page("fleet", "Fleet", fleet.ask, fleet.build, ("kind", "site", "band", "span")),
        Page("quality", "Quality", quality.asking(learn), quality.build, ("kind", "site", "span")),
        Page("pipeline", "Pipeline", pipeline.ask, pipeline.build, ("span",)),
        Page("device", "Device", device.ask, device.build, ("quality", "span")),
    )


def add_dashboard(app: FastAPI, settings: Settings) -> None:
    """Add the pages to the application that ``api`` has made."""
    asked, vitals = Asked(app.state.pool), Vitals(settings, app.state.told)
    live = app.state.live if settings.server.live.enabled else None
    for page in pages(settings):
        _add_page(page, House(settings, asked, vitals, live))
    app.add_api_route("/", _home, include_in_schema=False)
    add_login(app, app.state.access)
    ui.run_with(
        app, mount_path=HOME, title="iot_assets", dark=None, language="en-US", tailwind=False,
        gzip_middleware_factory=None, show_welcome_message=False, reconnect_timeout=10,
    )  # fmt: skip
    app.add_middleware(Framework, prefix=CODE)
    app.add_middleware(Guard, access=app.state.access)
    framework.on_startup(_open_once)


def _add_page(page: Page, house: House) -> None:
    @ui.page(f"/{page.path}", title=f"{page.name} · iot_assets", response_timeout=30)
    async def show(request: Request) -> None:
        await Frame(page, request, house).open()


async def _open_once() -> None:
    """Ask for each page as a browser does: what takes a process long the first time is behind it then."""
    async with httpx.AsyncClient(transport=httpx.ASGITransport(framework), base_url="http://127.0.0.1") as browser:
        for path, _ in NAVIGATION:
            await browser.get(f"/{path}")


def _home() -> Response:
    return RedirectResponse(f"{HOME}/")
