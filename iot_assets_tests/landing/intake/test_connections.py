"""Connections: kept alive, slow, too many, or not HTTP at all; none of them gets in the way of another."""

from __future__ import annotations

import re
import socket
import threading
from typing import TYPE_CHECKING

import pytest

from iot_assets.errors import InUseError, SettingsError
from iot_assets.landing.intake import protocol
from iot_assets.landing.lander import run_lander
from iot_assets_tests.landing.harness import Process, Running, landed_payloads, settings_for, wait_for
from iot_assets_tests.landing.intake.senders import HEAD, LINE, Sender, exchange, intake_settings, taking

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.landing.intake.senders import Answer


def bodies_of(answers: bytes) -> list[bytes]:
    return re.findall(rb'\{"success".*?\}', answers)


def test_a_connection_is_kept_from_request_to_request(sender: Sender) -> None:
    assert sender.lines().status == 200
    first = sender.socket
    assert sender.lines(b"x").status == 400
    assert sender.lines().status == 200
    assert sender.socket is first


def test_requests_sent_one_behind_the_other_are_answered_in_their_order(lander: Running, sender: Sender) -> None:
    bodies = [LINE, b"x", LINE * 2]
    requests = [HEAD % len(body) + b"\r\n" + body for body in bodies]
    last = requests.pop().replace(b"\r\n\r\n", b"\r\nConnection: close\r\n\r\n")
    answers = bodies_of(exchange(sender.port, b"".join(requests) + last))
    assert [b"true" in answer for answer in answers] == [True, False, True]
    lander.finish()
    assert landed_payloads(lander.settings.data_dir) == [LINE, LINE * 2]


def test_who_asks_first_is_told_to_go_on_or_refused_before_sending(sender: Sender) -> None:
    for size, first in ((len(LINE), b"HTTP/1.1 100 Continue\r\n\r\n"), (9_000_000, b"HTTP/1.1 413 ")):
        with socket.create_connection(("127.0.0.1", sender.port), timeout=60) as sock:
            sock.sendall(HEAD % size + b"Expect: 100-continue\r\n\r\n")
            assert sock.recv(65536).startswith(first)


def test_a_slow_sender_keeps_nobody_waiting_and_is_taken_once_it_is_done(lander: Running, sender: Sender) -> None:
    with socket.create_connection(("127.0.0.1", sender.port), timeout=60) as slow:
        for byte in HEAD % len(LINE) + b"\r\n" + LINE[:-1]:
            slow.sendall(bytes([byte]))
        for _ in range(20):
            assert sender.lines(b"1 quick 1").status == 200
        slow.sendall(LINE[-1:])
        assert b"200 OK" in slow.recv(65536)
    lander.finish()
    assert landed_payloads(lander.settings.data_dir) == [b"1 quick 1"] * 20 + [LINE]


def test_a_body_that_never_ends_is_refused(tmp_path: Path) -> None:
    with Running(intake_settings(tmp_path / "data", body_seconds=0.2)) as lander:
        port = taking(lander.settings).port
        with socket.create_connection(("127.0.0.1", port), timeout=60) as slow:
            slow.sendall(HEAD % len(LINE) + b"\r\n" + LINE[:5])
            answer = slow.recv(65536)
        assert answer.startswith(b"HTTP/1.1 408 ")
        assert b"the body was not complete after 0.2 s" in answer
    assert landed_payloads(tmp_path / "data") == []


def test_who_hangs_up_within_a_body_leaves_nothing(lander: Running, sender: Sender) -> None:
    for _ in range(20):
        with socket.create_connection(("127.0.0.1", sender.port), timeout=60) as gone:
            gone.sendall(HEAD % len(LINE) + b"\r\n" + LINE[:5])
    assert sender.lines(b"1 a 1").status == 200
    lander.finish()
    assert landed_payloads(lander.settings.data_dir) == [b"1 a 1"]


@pytest.mark.parametrize("sent", [b"", b"POST /data HT", b"POST /data HTTP/1.1\r\nX: "])
def test_a_head_that_never_ends_is_hung_up_on(sender: Sender, sent: bytes, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.2)
    assert exchange(sender.port, sent) == b""
    assert sender.lines().status == 200


def test_what_is_no_http_is_refused_in_the_same_shape(sender: Sender) -> None:
    answer = exchange(sender.port, b"1649941817 Voltage 1.34\r\n\r\n")
    assert answer.startswith(b"HTTP/1.1 400 Bad Request\r\n")
    assert answer.endswith(b'{"success":false,"error":"invalid HTTP request received","line":null}')


def test_a_head_without_bounds_is_refused(sender: Sender) -> None:
    with socket.create_connection(("127.0.0.1", sender.port), timeout=60) as sock:
        sock.sendall(b"POST /data HTTP/1.1\r\nX: ")
        answers: list[bytes] = []
        listener = threading.Thread(target=lambda: answers.append(sock.recv(65536)))
        listener.start()
        try:
            for _ in range(1000):
                sock.sendall(b"a" * 10_000)
        except OSError:
            pass  # hung up on, as it should be
        else:
            pytest.fail("ten megabytes of a head were taken")
        listener.join(60)
    assert b"the head of the request is too large" in b"".join(answers)


def test_a_connection_too_many_is_refused_until_another_ends(tmp_path: Path) -> None:
    with Running(intake_settings(tmp_path / "data", max_connections=3)) as lander:
        taking(lander.settings)
        senders = [Sender(lander.settings) for _ in range(3)]

        def all_in() -> bool:  # who asked whether it was up may not be gone yet
            return all(sender.lines().status == 200 for sender in senders)

        wait_for(all_in, "three connections")
        late = Sender(lander.settings)
        answer = late.lines()
        assert (answer.status, answer.headers["connection"]) == (503, "close")
        assert answer.refusal == "3 connections are open already; come again later"
        assert int(answer.headers["retry-after"]) > 0
        senders[0].close()
        wait_for(lambda: late.lines().status == 200, "room")


def test_too_many_bytes_at_once_are_refused_and_room_is_found_again(tmp_path: Path) -> None:
    settings = intake_settings(tmp_path / "data", in_flight_bytes=1_048_576)
    with Running(settings) as lander:
        sender = taking(lander.settings)
        large = LINE * 30_000

        def refused() -> Answer | None:
            """Of two bodies for which there is not room enough, one is refused: mostly the later."""
            with socket.create_connection(("127.0.0.1", sender.port), timeout=60) as half:
                half.sendall(HEAD % len(large) + b"\r\n" + large[:-1])
                answer = sender.lines(large)
                return None if answer.status == 200 else answer

        answer = wait_for(refused, "the bound")
        assert answer.status == 429
        assert int(answer.headers["retry-after"]) > 0
        assert answer.refusal == "too much is being received at once; send it again in a moment"
        wait_for(lambda: sender.lines(large).status == 200, "room")


def test_a_taken_port_is_said_in_one_sentence_and_nothing_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = intake_settings(tmp_path / "data", port=other.getsockname()[1])
        with pytest.raises(InUseError, match=r":\d+ for the HTTP intake is in use by .* \(IOT_HTTP__PORT\)"):
            run_lander(settings, stop=threading.Event(), until_idle=0)
        process = Process(settings)
        assert process.wait() == 1
        assert process.log.startswith("iot-assets: the address 127.0.0.1:")
    assert not (tmp_path / "data" / "spool").exists()


def test_an_address_of_another_machine_is_said_to_be_a_wrong_setting(tmp_path: Path) -> None:
    settings = intake_settings(tmp_path / "data", host="192.0.2.1")
    with pytest.raises(SettingsError, match=r"\(IOT_HTTP__HOST, .*: cannot listen on 192\.0\.2\.1:\d+: Cannot assign"):
        run_lander(settings, stop=threading.Event(), until_idle=0)


def test_a_sensor_that_stands_in_for_a_lander_takes_no_http(tmp_path: Path) -> None:
    settings = intake_settings(tmp_path / "data")
    with Running(settings, mode="sensor") as lander:
        wait_for(lambda: lander.status, "its status")
        assert lander.status is not None
        assert lander.status.http == ""
        with pytest.raises(ConnectionRefusedError):
            Sender(settings).lines()


def test_without_a_port_there_is_no_intake(tmp_path: Path) -> None:
    with Running(settings_for(tmp_path / "data", None)) as lander:
        wait_for(lambda: lander.status, "its status")
        assert lander.status is not None
        assert (lander.status.http, lander.status.http_accepted) == ("", 0)


def test_a_port_that_was_just_left_can_be_used_again(tmp_path: Path) -> None:
    settings = intake_settings(tmp_path / "data")
    for _ in range(3):
        with Running(settings) as lander:
            assert taking(lander.settings).lines().status == 200
    assert landed_payloads(tmp_path / "data") == [LINE] * 3
