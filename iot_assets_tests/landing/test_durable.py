from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from iot_assets.landing.durable import make_folder, write_whole
from iot_assets_tests.landing.test_storage_trouble import fill

if TYPE_CHECKING:
    from pathlib import Path


def test_a_file_that_could_not_be_replaced_holds_what_it_held(small_disk: Path) -> None:
    file = small_disk / "state.json"
    write_whole(file, b"old")
    ballast = fill(small_disk)
    with pytest.raises(OSError, match="No space left"):
        write_whole(file, b"new" * 10_000)
    assert file.read_bytes() == b"old"
    ballast.unlink()
    write_whole(file, b"new")
    assert file.read_bytes() == b"new"


def test_folders_are_made_down_to_the_last(tmp_path: Path) -> None:
    for _ in range(2):
        make_folder(tmp_path / "a" / "b" / "c")
    assert (tmp_path / "a" / "b" / "c").is_dir()
