from __future__ import annotations

import json
import threading
from typing import TYPE_CHECKING

import pytest

from iot_assets.lake.paths import DataPaths
from iot_assets.landing.lander import run_lander
from iot_assets.landing.status import read_status, write_status
from iot_assets_tests.landing.harness import settings_for

if TYPE_CHECKING:
    from pathlib import Path


def test_it_is_read_as_it_was_written(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    assert read_status(paths, "lander") is None
    run_lander(settings_for(tmp_path, None), stop=threading.Event(), until_idle=0)
    status = read_status(paths, "lander")
    assert status is not None
    assert status.started_at <= status.updated_at
    write_status(paths.spool("lander"), status)
    assert read_status(paths, "lander") == status


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"pid": 1}', "\0"])
def test_what_is_no_status_is_none(tmp_path: Path, content: str) -> None:
    paths = DataPaths(tmp_path)
    paths.spool("lander").mkdir(parents=True)
    (paths.spool("lander") / "status.json").write_text(content)
    assert read_status(paths, "lander") is None


def test_a_later_version_may_say_more(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    run_lander(settings_for(tmp_path, None), stop=threading.Event(), until_idle=0)
    file = paths.spool("lander") / "status.json"
    file.write_text(json.dumps({**json.loads(file.read_text()), "mood": "good"}))
    assert read_status(paths, "lander") is not None


def test_a_disk_that_takes_no_status_is_no_trouble(tmp_path: Path) -> None:
    paths = DataPaths(tmp_path)
    run_lander(settings_for(tmp_path, None), stop=threading.Event(), until_idle=0)
    status = read_status(paths, "lander")
    assert status is not None
    write_status(tmp_path / "nowhere", status)
