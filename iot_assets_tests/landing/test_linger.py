"""More is waited for where messages come thick and more of them come, and nowhere else."""

from __future__ import annotations

import socket
from collections.abc import Iterator

import pytest

from iot_assets.landing.linger import Linger


class Street:
    """A socket from which is read, and what comes while one waits."""

    def __init__(self, monkeypatch: pytest.MonkeyPatch) -> None:
        self.broker, self.ours = socket.socketpair()
        self.comes = b""
        self.waited = 0
        monkeypatch.setattr("iot_assets.landing.linger.time.sleep", self._sleep)

    def _sleep(self, seconds: float) -> None:
        assert 0 < seconds < 0.1
        self.waited += 1
        self.broker.sendall(self.comes)


@pytest.fixture
def street(monkeypatch: pytest.MonkeyPatch) -> Iterator[Street]:
    found = Street(monkeypatch)
    found.broker.sendall(b"one")
    yield found
    found.broker.close()
    found.ours.close()


def test_a_message_among_few_waits_for_none(street: Street) -> None:
    lingering = Linger()
    for count in (0, 1, 2, 3):
        lingering.wait(street.ours.fileno())
        lingering.read(count)
    lingering.wait(street.ours.fileno())
    assert street.waited == 0


def test_where_they_come_thick_what_comes_meanwhile_is_read_with_them(street: Street) -> None:
    lingering = Linger()
    street.comes = b"two"
    for n in range(1, 100):
        lingering.read(50)
        lingering.wait(street.ours.fileno())
        assert street.waited == n
        assert street.ours.recv(100) in (b"onetwo", b"two")
    lingering.read(1)
    lingering.wait(street.ours.fileno())
    assert street.waited == 99


def test_where_enough_is_there_already_none_waits(street: Street) -> None:
    lingering = Linger()
    street.broker.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
    street.broker.sendall(bytes(100_000))
    lingering.read(5000)
    lingering.wait(street.ours.fileno())
    assert street.waited == 0


def test_a_broker_that_sends_no_more_before_it_hears_from_us_is_hardly_ever_waited_for(street: Street) -> None:
    lingering = Linger()
    for _ in range(650):
        lingering.read(20)
        lingering.wait(street.ours.fileno())
    assert street.waited == 10
    street.comes = b"more"
    for _ in range(100):
        lingering.read(20)
        lingering.wait(street.ours.fileno())
    assert street.waited > 40
