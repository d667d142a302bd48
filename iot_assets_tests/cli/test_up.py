"""`iot-assets demo` and `up`: refusals before anything starts, and once the whole platform for real, up and down."""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import socket
import subprocess
import sys
import urllib.request
from pathlib import Path

import pytest

from iot_assets.ops.probes import dagster_missing, schedule_running, stale_assets
from iot_assets_tests.brokers import free_port
from iot_assets_tests.ops.stage import living
from iot_assets_tests.waiting import eventually

ROOT = Path(__file__).parents[2]


class Platform:
    """A project folder with ports of its own, and the command run in it."""

    def __init__(self, folder: Path) -> None:
        self.folder, self.page, self.broker = folder, free_port(), free_port()
        self.intake: int | None = free_port()
        self.server = free_port()
        for name in ("workspace.yaml", "dagster.yaml"):
            shutil.copyfile(ROOT / name, folder / name)

    def start(self, *arguments: str, out: str = "out") -> subprocess.Popen[bytes]:
        ports = {
            "IOT_DAGSTER__PORT": str(self.page),
            "IOT_DEMO__BROKER_PORT": str(self.broker),
            "IOT_SERVER__PORT": str(self.server),
        }
        if self.intake is not None:
            ports["IOT_HTTP__PORT"] = str(self.intake)
        with (self.folder / out).open("wb") as file:
            return subprocess.Popen(
                [sys.executable, "-m", "iot_assets", *arguments],
                cwd=self.folder,
                env=os.environ | ports | {"MARK": str(self.folder)},
                stdout=file,
                stderr=subprocess.STDOUT,
            )

    def out(self, name: str = "out") -> str:
        return (self.folder / name).read_text()

    def refused(self, *arguments: str) -> str:
        assert self.start(*arguments, out="refused").wait(60) == 1
        return self.out("refused")


@pytest.fixture
def platform(tmp_path: Path) -> Platform:
    return Platform(tmp_path)


@pytest.mark.parametrize("verb", ["up", "demo"])
def test_outside_a_project_folder_it_says_so(platform: Platform, verb: str) -> None:
    (platform.folder / "workspace.yaml").unlink()
    assert "there is no workspace.yaml in" in platform.refused(verb)


@pytest.mark.parametrize("verb", ["up", "demo"])
def test_a_taken_port_is_told_with_its_setting_before_anything_is_started(platform: Platform, verb: str) -> None:
    with socket.create_server(("127.0.0.1", platform.page)):
        told = platform.refused(verb)
    assert told.startswith(f"iot-assets: port {platform.page} on 127.0.0.1 is in use")
    assert "dagster.port (IOT_DAGSTER__PORT)" in told
    assert not (platform.folder / "data" / "logs").exists()


def test_a_taken_broker_port_likewise(platform: Platform) -> None:
    with socket.create_server(("127.0.0.1", platform.broker)):
        assert "demo.broker_port (IOT_DEMO__BROKER_PORT)" in platform.refused("demo")


@pytest.mark.parametrize("verb", ["up", "demo"])
def test_a_taken_port_of_the_intake_likewise(platform: Platform, verb: str) -> None:
    with socket.create_server(("127.0.0.1", platform.intake or 0)):
        assert "choose another port with http.port (IOT_HTTP__PORT)" in platform.refused(verb)


@pytest.mark.parametrize("verb", ["up", "demo"])
def test_the_intake_is_on_where_nothing_is_said_of_it(platform: Platform, verb: str) -> None:
    platform.intake = None
    with contextlib.ExitStack() as held:
        with contextlib.suppress(OSError):  # another program has it, which does as well
            held.enter_context(socket.create_server(("127.0.0.1", 8080)))
        assert "port 8080 on 127.0.0.1 is in use" in platform.refused(verb)


@pytest.mark.timeout(400)
def test_the_whole_platform_comes_up_and_goes_down_and_leaves_nothing_behind(platform: Platform) -> None:
    demo = platform.start("demo", "--broker", "own")
    try:
        eventually(lambda: "All of it is up" in platform.out() or demo.poll() is not None, seconds=180)
        told = platform.out()
        for line in (
            "broker     our own small one",
            f"takes HTTP at http://127.0.0.1:{platform.intake}, lands in",
            "fleet      32 devices in 19 conventions",
            "dagster    its page is",
            f"server     the dashboard is at http://127.0.0.1:{platform.server}",
            "alerts     watches; alerts are told here and by data/logs/alerts.jsonl",
        ):
            assert line in told
        with urllib.request.urlopen(f"http://127.0.0.1:{platform.page}/server_info", timeout=10) as answer:
            assert answer.status == 200
        with urllib.request.urlopen(f"http://127.0.0.1:{platform.server}/", timeout=20) as answer:
            assert answer.url.endswith("/dashboard/")
        sent = urllib.request.Request(
            f"http://127.0.0.1:{platform.intake}/data", b"1649941817 Voltage 1.34", {"Content-Type": "text/plain"}
        )
        with urllib.request.urlopen(sent, timeout=60) as answer:
            assert answer.read() == b'{"success": true}'
        # Dagster's page answers what the watcher asks it, and there is nothing to tell of it.
        assert dagster_missing("127.0.0.1", platform.page) is None
        assert stale_assets("127.0.0.1", platform.page) == []
        assert schedule_running("127.0.0.1", platform.page, "minute") is True
        refused = platform.refused("up")
        assert "is in use by another `iot-assets up` or `demo`" in refused
        assert str(demo.pid) in refused
        demo.send_signal(signal.SIGINT)
        assert demo.wait(120) == 0
        assert living(str(platform.folder)) == []
        assert list((platform.folder / "data" / "lake" / "landed").rglob("*.parquet"))
        assert sorted(p.name for p in platform.folder.iterdir()) == [
            *("dagster.yaml", "data", "out", "refused", "workspace.yaml"),
        ]
    finally:
        for pid in living(str(platform.folder)):
            os.kill(pid, signal.SIGKILL)
