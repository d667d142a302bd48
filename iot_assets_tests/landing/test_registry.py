from __future__ import annotations

import hashlib
import logging
import os
from typing import TYPE_CHECKING

import pytest

from iot_assets.landing import registry
from iot_assets.landing.registry import RegistryWatch
from iot_assets_tests.landing.harness import contents

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logging.getLogger("iot_assets.test")


@pytest.fixture(autouse=True)
def _look_each_time(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(registry, "_POLL_SECONDS", 0)


def test_a_file_already_landed_is_not_landed_again_though_it_was_touched(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_bytes(b"[]")
    watch = RegistryWatch(file, hashlib.sha256(b"[]").hexdigest(), _LOG)
    assert watch.poll() is None
    os.utime(file, ns=(1, 1))
    assert [watch.poll() for _ in range(3)] == [None] * 3


def test_a_new_content_is_one_message_with_the_file_s_name_as_topic(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_bytes(b"[1]")
    watch = RegistryWatch(file, "", _LOG)
    found = watch.poll()
    assert found is not None
    taken, sha256 = found
    assert (taken.source, taken.session) == ("registry", 0)
    assert contents(taken) == [("devices.json", b"[1]")]
    assert sha256 == hashlib.sha256(b"[1]").hexdigest()
    watch.landed(sha256)
    assert watch.poll() is None


def test_a_file_that_is_being_written_is_left_alone_until_it_holds_still(tmp_path: Path) -> None:
    file = tmp_path / "devices.json"
    file.write_bytes(b"[1]")
    watch = RegistryWatch(file, hashlib.sha256(b"[1]").hexdigest(), _LOG)
    assert watch.poll() is None
    file.write_bytes(b"[1, ")
    assert watch.poll() is None
    file.write_bytes(b"[1, 2]")
    assert watch.poll() is None
    found = watch.poll()
    assert found is not None
    assert contents(found[0]) == [("devices.json", b"[1, 2]")]


def test_a_missing_file_is_said_once_and_landed_when_it_comes(tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
    file = tmp_path / "devices.json"
    watch = RegistryWatch(file, "", _LOG)
    assert [watch.poll() for _ in range(3)] == [None] * 3
    assert len(caplog.records) == 1
    assert "devices.json cannot be read: No such file" in caplog.text
    file.write_bytes(b"[]")
    assert any(watch.poll() for _ in range(3))
