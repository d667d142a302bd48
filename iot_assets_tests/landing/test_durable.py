from __future__ import annotations

import errno
from random import Random
from typing import TYPE_CHECKING

import pytest

from iot_assets.landing.durable import make_folder, write_whole
from iot_assets_tests.chaos.crashed import crashed
from iot_assets_tests.chaos.disk import Disk, Refusal
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
        make_folder(tmp_path / "a" / "b" / "c", below=tmp_path / "a")
    assert (tmp_path / "a" / "b" / "c").is_dir()


def test_a_folder_whose_name_could_not_be_made_durable_is_made_so_the_next_time(tmp_path: Path) -> None:
    with Disk(tmp_path) as disk:
        disk.refusal = Refusal(first=1, calls=1, error=errno.EIO)  # the folder is made, its name is not durable
        with pytest.raises(OSError, match="Input/output error"):
            make_folder(tmp_path / "a", below=tmp_path)
        make_folder(tmp_path / "a", below=tmp_path)
        write_whole(tmp_path / "a" / "file", b"content")
    crashed(disk.done, "promised", Random(0)).write(tmp_path / "after the power cut")
    assert (tmp_path / "after the power cut" / "a" / "file").read_bytes() == b"content"
