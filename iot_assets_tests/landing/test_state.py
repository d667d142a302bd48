from __future__ import annotations

import logging
from typing import TYPE_CHECKING

import pytest

from iot_assets.errors import StorageError
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.state import LanderState, StateFile

if TYPE_CHECKING:
    from pathlib import Path

_LOG = logging.getLogger("iot_assets.test")


def loaded(data: Path) -> StateFile:
    paths = DataPaths(data)
    paths.spool("a").mkdir(parents=True, exist_ok=True)
    state = StateFile(paths.spool("a"))
    state.load(paths, "a", _LOG)
    return state


def test_what_was_saved_is_remembered(tmp_path: Path) -> None:
    state = loaded(tmp_path)
    assert state.now == LanderState()
    state.change(start_ms=17, session=4, subscribed=("a/#", "b/+"), session_expected=True, registry_sha256="00")
    state.save()
    assert loaded(tmp_path).now == state.now


def test_what_could_not_be_saved_stays_to_be_saved(tmp_path: Path) -> None:
    state = StateFile(tmp_path / "nowhere")
    state.change(session=1)
    with pytest.raises(StorageError, match=r"cannot write .*state\.json: No such file"):
        state.save()
    assert state.dirty


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'{"session": "four"}', b"\xff"])
def test_a_damaged_file_is_kept_and_no_id_is_given_twice(
    tmp_path: Path, content: bytes, caplog: pytest.LogCaptureFixture
) -> None:
    paths = DataPaths(tmp_path)
    spool = paths.spool("a")
    spool.mkdir(parents=True)
    (spool / "state.json").write_bytes(content)
    (spool / "1999999999999-000000.spool").touch()
    hour = paths.landed / "date=2040-01-01" / "hour=00"
    hour.mkdir(parents=True)
    (hour / "a-2222222222222-000000.parquet").touch()
    (hour / "b-3333333333333-000000.parquet").touch()
    state = loaded(tmp_path)
    assert state.now.start_ms == 2222222222222
    assert (spool / "state.json.damaged").read_bytes() == content
    assert "is damaged" in caplog.text
