from __future__ import annotations

import os
import threading
from typing import TYPE_CHECKING

import pytest

from iot_assets.errors import InUseError
from iot_assets.landing.lock import LanderLock, is_held

if TYPE_CHECKING:
    from pathlib import Path


def test_the_second_lander_is_told_who_has_the_lock(tmp_path: Path) -> None:
    first, second = LanderLock(tmp_path / "spool", "a"), LanderLock(tmp_path / "spool", "a")
    first.acquire()
    with pytest.raises(InUseError, match=rf"lander 'a' .* in use by process {os.getpid()}; stop that one"):
        second.acquire()
    first.release()
    second.acquire()
    second.release()


def test_asking_whether_it_is_held_neither_takes_nor_makes_it(tmp_path: Path) -> None:
    spool = tmp_path / "spool"
    assert not is_held(spool)
    assert not spool.exists()
    lock = LanderLock(spool, "a")
    lock.acquire()
    assert is_held(spool)
    lock.release()
    assert not is_held(spool)


def test_asking_all_the_time_keeps_no_lander_from_starting(tmp_path: Path) -> None:
    over = threading.Event()

    def ask() -> None:
        while not over.is_set():
            is_held(tmp_path)

    askers = [threading.Thread(target=ask) for _ in range(3)]
    for asker in askers:
        asker.start()
    try:
        for _ in range(20):
            lock = LanderLock(tmp_path, "a")
            lock.acquire()
            lock.release()
    finally:
        over.set()
        for asker in askers:
            asker.join()
