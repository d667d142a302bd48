"""Requests and their answers: what is taken, what is refused with which status, and that both look the same always."""

from __future__ import annotations

import gzip
import json
import zlib
from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.landing.harness import Running, landed_rows, wait_for
from iot_assets_tests.landing.intake.senders import LINE, TEXT, Sender, intake_settings, taking

if TYPE_CHECKING:
    from pathlib import Path

    from iot_assets_tests.landing.intake.senders import Answer


def landed_after(lander: Running) -> list[tuple[str, bytes]]:
    """Topics and payloads in the lake once the lander has ended."""
    lander.finish()
    return [(row["topic"], row["payload"]) for row in landed_rows(lander.settings.data_dir)]


def test_lines_are_taken_and_landed_as_they_came(lander: Running, sender: Sender) -> None:
    bodies = [LINE, b"1\ta  1e3\r\n2 b .5\r\n\r\n3 c +2"]
    for body in bodies:
        answer = sender.lines(body)
        assert (answer.status, answer.body, answer.tree) == (200, b'{"success": true}', {"success": True})
    assert landed_after(lander) == [("/data", body) for body in bodies]
    (row, _) = landed_rows(lander.settings.data_dir)
    assert (row["source"], row["content_type"], row["attributes"]) == ("http", "text/plain", None)
    assert (row["qos"], row["retain"], row["dup"], row["packet_id"], row["session"]) == (0, False, False, 0, 0)


def test_one_bad_line_refuses_the_whole_body(lander: Running, sender: Sender) -> None:
    answer = sender.lines(LINE + LINE + b"1649941819 Voltage nan\n" + LINE)
    assert answer.status == 400
    assert answer.refusal == "line 3: the value 'nan' is not finite"
    assert answer.tree["line"] == 3
    assert sender.lines(b"1649941817 a 1").status == 200
    assert landed_after(lander) == [("/data", b"1649941817 a 1")]


def test_compressed_lines_are_looked_into_and_landed_compressed(lander: Running, sender: Sender) -> None:
    bodies = {"gzip": gzip.compress(LINE * 100), "deflate": zlib.compress(LINE), "identity": LINE}
    for encoding, body in bodies.items():
        assert sender.lines(body, Content_Encoding=encoding).status == 200
    bad = sender.lines(gzip.compress(LINE + b"1 a inf\n"), Content_Encoding="gzip")
    assert (bad.status, bad.refusal) == (400, "line 2: the value 'inf' is not finite")
    assert landed_after(lander) == [("/data", body) for body in bodies.values()]
    attributes = [json.loads(row["attributes"] or "{}") for row in landed_rows(lander.settings.data_dir)]
    assert attributes == [{"content_encoding": "gzip"}, {"content_encoding": "deflate"}, {}]


def test_any_payload_is_taken_for_a_source(lander: Running, sender: Sender) -> None:
    sent = [
        ("/ingest/pumps", b'{"a": 1}', {"Content-Type": "application/json"}),
        ("/ingest/pumps", b'{"a": 1}\n{"a": 2}\n', {"Content-Type": "application/x-ndjson"}),
        ("/ingest/influx", b"weather t=1 1649941817", {"Content-Type": "text/plain"}),
        ("/ingest/packed", gzip.compress(b"{}"), {"Content-Encoding": "gzip"}),
        ("/ingest/packed", gzip.compress(b"{}"), {"Content-Type": "application/gzip"}),
        ("/ingest/any", b"\xff\x00 not even text", {}),
    ]
    for path, body, headers in sent:
        assert sender.ask("POST", path, body, headers).status == 200
    assert landed_after(lander) == [(path, body) for path, body, _ in sent]
    types = [row["content_type"] for row in landed_rows(lander.settings.data_dir)]
    assert types == [headers.get("Content-Type") for _, _, headers in sent]


def test_what_decoding_needs_besides_the_bytes_is_landed_with_them(lander: Running, sender: Sender) -> None:
    headers = {"ce-id": "7", "CE-Source": "/pumps", "X-Other": "no"}
    assert sender.ask("POST", "/ingest/gr%C3%BCn%20house?precision=ms&db=a%20b", b"{}", headers).status == 200
    lander.finish()
    (row,) = landed_rows(lander.settings.data_dir)
    assert row["topic"] == "/ingest/grün house"
    assert json.loads(row["attributes"]) == {
        "query": {"precision": "ms", "db": "a b"},
        "headers": {"ce-id": "7", "ce-source": "/pumps"},
    }


@pytest.mark.parametrize(
    ("content_type", "status"),
    [
        ("text/plain", 200),
        ("Text/Plain; charset=UTF-8", 200),
        ('text/plain; charset="us-ascii"', 200),
        ("text/plain; charset=utf-16", 415),
        ("text/plain2", 415),
        ("application/json", 415),
        ("application/x-www-form-urlencoded", 415),
        ("", 415),
    ],
)
def test_lines_are_text(sender: Sender, content_type: str, status: int) -> None:
    answer = sender.ask("POST", "/data", LINE, {"Content-Type": content_type})
    assert answer.status == status
    if status == 415:
        assert "is not taken here; send" in answer.refusal


def test_lines_without_a_content_type_are_refused(sender: Sender) -> None:
    assert sender.ask("POST", "/data", LINE).status == 415


@pytest.mark.parametrize("path", ["/data", "/ingest/pumps"])
@pytest.mark.parametrize("body", [b"", b"\n \r\n", gzip.compress(b"")], ids=["nothing", "blanks", "packed nothing"])
def test_an_empty_body_is_refused(sender: Sender, path: str, body: bytes) -> None:
    packed = {"Content-Encoding": "gzip"} if body.startswith(b"\x1f\x8b") else {}
    answer = sender.ask("POST", path, body, TEXT | packed)
    assert (answer.status, answer.refusal) == (400, "the body is empty")


@pytest.mark.parametrize(
    ("body", "encoding", "status", "why"),
    [
        (b"plainly not", "gzip", 400, "the body is not gzip, as its content encoding says"),
        (gzip.compress(LINE)[:-4], "gzip", 400, "the body ends within its gzip data"),
        (gzip.compress(LINE) * 2, "gzip", 400, "the body goes on after the end of its gzip data"),
        (LINE, "br", 415, "content encoding 'br' is not known"),
        (gzip.compress(bytes(5_000_000)), "gzip", 413, "the body is larger than 1048576 bytes"),
    ],
    # Packed data carries the time it was packed at, and two workers must name a test alike.
    ids=["not packed", "cut", "twice", "unknown", "too large"],
)
@pytest.mark.parametrize("path", ["/data", "/ingest/pumps"])
def test_what_is_not_compressed_as_it_says_is_refused(
    sender: Sender, path: str, *, body: bytes, encoding: str, status: int, why: str
) -> None:
    answer = sender.ask("POST", path, body, TEXT | {"Content-Encoding": encoding})
    assert answer.status == status
    assert answer.refusal.startswith(why)


@pytest.mark.parametrize("chunked", [False, True])
def test_a_body_that_is_too_large_is_refused_and_the_connection_goes_on(tmp_path: Path, *, chunked: bool) -> None:
    with Running(intake_settings(tmp_path / "data", most=100_000)) as lander:
        sender = taking(lander.settings)

        def send(size: int) -> Answer:
            body = (LINE * (size // len(LINE) + 1))[:size].rpartition(b"\n")[0].ljust(size)
            pieces = [body[n : n + 1000] for n in range(0, size, 1000)] if chunked else body
            return sender.ask("POST", "/data", pieces, TEXT, encode_chunked=chunked)

        assert send(100_000).status == 200
        for size in (100_001, 3_000_000):
            answer = send(size)
            assert (answer.status, answer.refusal) == (413, "the body is larger than 100000 bytes; send it in parts")
        assert send(100).status == 200
    assert len(landed_rows(lander.settings.data_dir)) == 2


def test_chunked_bodies_are_taken_whole(lander: Running, sender: Sender) -> None:
    pieces = [LINE[:7], LINE[7:] + LINE[:1], LINE[1:]]
    assert sender.ask("POST", "/data", pieces, TEXT, encode_chunked=True).status == 200
    assert landed_after(lander) == [("/data", LINE * 2)]


@pytest.mark.parametrize(
    ("method", "path", "status"),
    [
        ("GET", "/data", 405),
        ("PUT", "/ingest/pumps", 405),
        ("DELETE", "/health", 405),
        ("POST", "/data/", 404),
        ("POST", "/", 404),
        ("POST", "/ingest/", 404),
        ("POST", "/ingest/a/b", 404),
        ("POST", "/ingest/a%2Fb", 404),
        ("POST", "/ingest/a+b", 404),
        ("POST", "/ingest/%23", 404),
        ("POST", "/ingest/a%00b", 404),
        ("POST", "/ingest/" + "a" * 201, 404),
    ],
)
def test_elsewhere_there_is_nothing(sender: Sender, method: str, path: str, status: int) -> None:
    answer = sender.ask(method, path, b"x" if method == "POST" else None, TEXT)
    assert answer.status == status
    assert answer.refusal
    assert ("allow" in answer.headers) == (status == 405)


def test_the_counts_of_requests_are_told(lander: Running, sender: Sender) -> None:
    for body in (LINE, LINE, b"x", b""):
        sender.lines(body)
    sender.ask("GET", "/nothing")
    status = wait_for(lambda: (s := lander.status) and s.http_refused == 3 and s, "the status")
    assert (status.http, status.http_accepted) == (f"127.0.0.1:{sender.port}", 2)
    assert (status.received_messages, status.durable_messages, status.broker) == (2, 2, "")
