"""The pages: they tell of what there is, they need nothing from elsewhere, and their commands work."""

from __future__ import annotations

import html
import json
import re
import shutil
import subprocess
from typing import TYPE_CHECKING

import pytest

from iot_assets.landing.intake.app import Intake
from iot_assets.landing.intake.handover import Handover
from iot_assets.landing.wake import Wake
from iot_assets.settings import Settings

if TYPE_CHECKING:
    from iot_assets_tests.landing.intake.senders import Sender


def test_the_document_tells_of_every_address_and_of_no_other(sender: Sender) -> None:
    answer = sender.ask("GET", "/openapi.json")
    told = {(path, method.upper()) for path, methods in answer.tree["paths"].items() for method in methods}
    wake = Wake()
    routes = Intake(Settings(), Handover(wake)).app().routes
    wake.close()
    there = {(route.path, method) for route in routes for method in route.methods - {"HEAD"}}  # type: ignore[attr-defined]
    assert there - told == {("/openapi.json", "GET"), ("/docs", "GET")}
    assert told <= there
    assert answer.tree["openapi"].startswith("3.")


def test_every_reference_in_the_document_leads_somewhere(sender: Sender) -> None:
    text = sender.ask("GET", "/openapi.json").body.decode()
    schemas = json.loads(text)["components"]["schemas"]
    assert set(re.findall(r'"#/components/schemas/(\w+)"', text)) == set(schemas)


def test_the_page_needs_nothing_from_elsewhere(sender: Sender) -> None:
    answer = sender.ask("GET", "/docs")
    page = answer.body.decode()
    assert answer.headers["content-type"].startswith("text/html")
    assert re.findall(r'(?:src|href)="([^"]*)"', page) == ["openapi.json"]
    assert "@import" not in page


def test_the_commands_on_the_page_work(sender: Sender) -> None:
    if shutil.which("curl") is None or shutil.which("bash") is None:
        pytest.skip("THE COMMANDS ON THE PAGE ARE NOT TRIED: curl or bash is missing")
    page = sender.ask("GET", "/docs").body.decode()
    commands = [html.unescape(command) for command in re.findall(r"<pre>(.*?)</pre>", page, re.DOTALL)]
    assert len(commands) == 5
    for command in commands:
        done = subprocess.run(["bash", "-c", f"{command} -sS"], capture_output=True, text=True, check=False, timeout=60)
        assert json.loads(done.stdout) == {"success": True}, command + done.stderr
