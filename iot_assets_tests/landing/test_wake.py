"""A ring ends the waiting, now or next time, and is forgotten once it was heard."""

from __future__ import annotations

import select
import threading

from iot_assets.landing.wake import Wake


def readable(wake: Wake) -> bool:
    return bool(select.select([wake.fileno()], [], [], 0)[0])


def test_a_ring_ends_the_waiting_of_another_thread() -> None:
    wake = Wake()
    waiting = threading.Thread(target=wake.wait, args=(600,))
    waiting.start()
    wake.ring()
    waiting.join(60)
    assert not waiting.is_alive()
    wake.close()


def test_a_ring_before_the_waiting_is_heard_all_the_same_and_then_forgotten() -> None:
    wake = Wake()
    wake.ring()
    wake.ring()
    wake.wait(600)
    assert readable(wake)
    wake.heard()
    assert not readable(wake)
    wake.heard()
    wake.close()


def test_any_number_of_rings_does_not_stop_whoever_rings() -> None:
    wake = Wake()
    for _ in range(100_000):
        wake.ring()
    assert readable(wake)
    wake.close()
