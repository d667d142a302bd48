"""Live readings over the network: in answers, as a stream of events, and over a WebSocket."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import pytest
from websockets.exceptions import InvalidStatus
from websockets.sync.client import ClientConnection, connect
from websockets.typing import Origin

from iot_assets.serving.api.access import COOKIE
from iot_assets.serving.api.app import keys_file
from iot_assets.serving.api.cookies import cookie_for
from iot_assets.serving.api.keys import Keys
from iot_assets_tests.house import House
from iot_assets_tests.lake_builder import at, said
from iot_assets_tests.serving.served import serve
from iot_assets_tests.serving.spooling import Spooling
from iot_assets_tests.waiting import eventually

if TYPE_CHECKING:
    from collections.abc import Iterator

    import httpx


class Fed:
    """A served house, and the spool of its lander."""

    def __init__(self, house: House, **live: Any) -> None:
        changed = house.settings.server.live.model_copy(update={"poll_seconds": 0.05, **live})
        self.spool = Spooling(house.paths)
        self.spool.take(said("a", 0, t=1))
        self.spool.seal()
        house.run()
        house.publish()
        self.house = house
        self.served = serve(house, live=changed)

    def socket(self, **how: Any) -> ClientConnection:
        made: ClientConnection = connect(self.served.address.replace("http", "ws") + "/live", **how)
        return made


@pytest.fixture
def fed(house: House) -> Iterator[Fed]:
    one = Fed(house)
    yield one
    one.served.close()


def test_the_newest_values_are_those_of_now_and_without_live_those_of_the_publication(fed: Fed) -> None:
    fed.spool.take(said("a", 1, t=2), said("b", 1, t=3))
    eventually(lambda: [one["value"] for one in fed.served.items("/latest")] == [2.0, 3.0])
    assert [one["value"] for one in fed.served.items("/latest?live=false")] == [1.0]
    assert [one["value"] for one in fed.served.items("/readings?live=true")] == [1.0, 2.0, 3.0]
    assert [one["value"] for one in fed.served.items("/readings")] == [1.0]
    assert fed.served.get("/devices/a").json()["latest"][0]["value"] == 2.0


def test_an_answer_with_live_readings_is_new_when_one_has_come(fed: Fed) -> None:
    tag = fed.served.get("/latest").headers["etag"]
    assert fed.served.get("/latest", **{"if-none-match": tag}).status_code == 304
    fed.spool.take(said("a", 1, t=2))
    eventually(lambda: fed.served.get("/latest", **{"if-none-match": tag}).status_code == 200)


def test_pages_of_live_readings_follow_one_another(fed: Fed) -> None:
    fed.spool.take(*(said("a", n, t=n) for n in range(1, 10)))
    eventually(lambda: len(fed.served.items("/readings?live=true")) == 10)
    first = fed.served.get("/readings?live=true&limit=6")
    assert len(first.json()["items"]) == 6
    assert len(fed.served.items(first.links["next"]["url"])) == 4


class Stream:
    """Server-sent events, one after the other."""

    def __init__(self, answer: httpx.Response) -> None:
        self._lines = answer.iter_lines()

    def event(self) -> dict[str, str]:
        """The next event that is no comment."""
        while True:
            found: dict[str, str] = {}
            for line in self._lines:
                if not line:
                    break
                key, _, value = line.partition(":")
                found[key] = value.strip()
            if "event" in found:
                return found

    def values(self, count: int) -> list[float]:
        return [json.loads(self.event()["data"])["value"] for _ in range(count)]


def test_events_tell_each_reading_once_across_sealing_and_publication(fed: Fed) -> None:
    with fed.served.client.stream("GET", "/events?device=a") as answer:
        assert answer.headers["content-type"].startswith("text/event-stream")
        stream = Stream(answer)
        fed.spool.take(said("a", 1, t=2), said("b", 1, t=99), said("a", 0, received=2, t=1))
        assert stream.values(1) == [2.0]
        fed.spool.seal()
        fed.house.run()
        fed.house.publish()
        fed.spool.take(said("a", 2, t=3), said("a", 3, t=4))
        assert stream.values(2) == [3.0, 4.0]


def test_who_comes_back_is_told_what_came_meanwhile_published_or_not(house: House) -> None:
    from datetime import UTC, datetime

    from iot_assets_tests import lake_builder

    now = (datetime.now(UTC) - lake_builder.NOON).total_seconds()
    one = Fed(house)
    try:
        with one.served.client.stream("GET", "/events") as answer:
            one.spool.take(said("a", now, t=2), said("b", now, t=3))
            stream = Stream(answer)
            last = stream.event()["id"]
            assert stream.event()["id"] > last
        one.spool.take(said("a", now + 1, t=4))
        one.spool.seal()
        one.house.run()
        one.house.publish()
        one.spool.take(said("a", now + 2, t=5))
        with one.served.client.stream("GET", "/events", headers={"Last-Event-ID": last}) as answer:
            assert Stream(answer).values(3) == [3.0, 4.0, 5.0]
        old = last.replace(last.split(".")[0], "1000000")
        with one.served.client.stream("GET", "/events", headers={"Last-Event-ID": old}) as answer:
            assert Stream(answer).event() == {"event": "missed", "data": '{"readings": null}'}
        assert one.served.get("/events", **{"last-event-id": "nonsense"}).status_code == 400
    finally:
        one.served.close()


def _talk(socket: ClientConnection, **said: Any) -> dict[str, Any]:
    socket.send(json.dumps(said))
    return _next(socket)


def _next(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(socket.recv(timeout=20))
    return answer


def test_a_socket_tells_what_one_has_subscribed_to_until_one_unsubscribes(fed: Fed) -> None:
    with fed.socket() as socket:
        assert _talk(socket, type="ping", id="7") == {"type": "pong", "id": "7"}
        assert _talk(socket, type="subscribe", id="x", devices=["a"], metrics=["t"])["type"] == "subscribed"
        fed.spool.take(said("b", 1, t=9), said("a", 1, t=2, h=8))
        told = _next(socket)
        assert (told["type"], [one["value"] for one in told["readings"]]) == ("readings", [2.0])
        assert told["readings"][0]["event_at"] == at(1).strftime("%Y-%m-%dT%H:%M:%S.%fZ")
        assert _talk(socket, type="subscribe", id="y")["id"] == "y"
        fed.spool.take(said("b", 2, t=3))
        assert [one["value"] for one in _next(socket)["readings"]] == [3.0]
        for name in "xy":
            assert _talk(socket, type="unsubscribe", id=name) == {"type": "unsubscribed", "id": name}
        fed.spool.take(said("a", 3, t=4))
        assert _talk(socket, type="subscribe", id="z", devices=["c"])["type"] == "subscribed"
        fed.spool.take(said("c", 4, t=5))
        assert [one["value"] for one in _next(socket)["readings"]] == [5.0]


@pytest.mark.parametrize(
    ("sent", "complaint"),
    [
        ("{", "no JSON"),
        ("[1]", "send an object"),
        ('{"type": "jump"}', "none of subscribe"),
        ('{"type": "subscribe", "devices": "a"}', "devices is a list"),
        ('{"type": "unsubscribe", "id": "x"}', "no subscription 'x'"),
        ('{"type": "subscribe", "id": 3}', "id is a text"),
    ],
)
def test_a_socket_answers_nonsense_with_a_sentence_and_stays_open(fed: Fed, sent: str, complaint: str) -> None:
    with fed.socket() as socket:
        socket.send(sent)
        answer = _next(socket)
        assert (answer["type"], complaint in answer["error"]) == ("error", True), answer
        assert _talk(socket, type="ping") == {"type": "pong"}


def test_pages_of_other_origins_may_not_listen(fed: Fed) -> None:
    with pytest.raises(InvalidStatus) as refused:
        fed.socket(origin="https://elsewhere.example")
    assert refused.value.response.status_code == 403
    with fed.socket(origin=fed.served.address) as socket:
        assert _talk(socket, type="ping") == {"type": "pong"}


def test_beyond_loopback_a_key_is_needed_to_listen(house: House) -> None:
    key = Keys(keys_file(house.settings)).make("listener", ("read",))
    fed = Fed(house)
    running = serve(fed.served.house, require_keys=True)
    try:
        address = running.address.replace("http", "ws") + "/live"
        with pytest.raises(InvalidStatus) as refused:
            connect(address)
        assert refused.value.response.status_code == 401
        assert running.get("/events").status_code == 401
        with connect(address, additional_headers={"Authorization": f"Bearer {key}"}) as socket:
            assert _talk(socket, type="ping") == {"type": "pong"}
    finally:
        running.close()
        fed.served.close()


def test_who_has_logged_in_listens_with_the_cookie_until_the_key_is_revoked(house: House) -> None:
    keys = Keys(keys_file(house.settings))
    keys.make("eyes", ("read",))
    fed = Fed(house)
    running = serve(fed.served.house, require_keys=True)
    try:
        cookie = {"Cookie": f"{COOKIE}={cookie_for(keys.all()[0]).text}"}
        address = running.address.replace("http", "ws") + "/live"
        with (
            connect(address, additional_headers=cookie, origin=Origin(running.address)) as socket,
            running.client.stream("GET", "/events", headers=cookie) as answer,
        ):
            assert _talk(socket, type="subscribe")["type"] == "subscribed"
            assert next(answer.iter_lines()).startswith("retry")
            fed.spool.take(said("a", 1, t=2))
            assert _next(socket)["readings"][0]["value"] == 2.0
        with pytest.raises(InvalidStatus):
            connect(address, additional_headers=cookie, origin=Origin("https://elsewhere.example"))
        keys.revoke("eyes")
        with pytest.raises(InvalidStatus):
            connect(address, additional_headers=cookie)
        assert running.get("/events", **cookie).status_code == 401
    finally:
        running.close()
        fed.served.close()


def test_only_so_many_listen_at_once(house: House) -> None:
    fed = Fed(house, most_listeners=1)
    try:
        with fed.socket() as socket:
            assert _talk(socket, type="ping") == {"type": "pong"}
            refused = fed.served.get("/events")
            assert (refused.status_code, "most_listeners" in refused.text) == (503, True)
    finally:
        fed.served.close()


def test_where_live_readings_are_switched_off_nothing_is_live(house: House) -> None:
    fed = Fed(house, enabled=False)
    try:
        fed.spool.take(said("a", 1, t=2))
        assert [one["value"] for one in fed.served.items("/latest")] == [1.0]
        assert fed.served.get("/latest?live=true").status_code == 400
        assert fed.served.get("/events").status_code == 404
    finally:
        fed.served.close()


def test_the_status_says_how_much_is_live(fed: Fed) -> None:
    fed.spool.take(said("a", 1, t=2), said("a", 2, t=3))
    eventually(lambda: len(fed.served.items("/readings?live=true")) == 3)
    live = fed.served.get("/status").json()["live"]
    assert (live["looking"], live["messages"], live["left_out_files"]) == (True, 2, 0)


def test_a_listener_who_is_slow_loses_the_oldest_and_is_told_how_many() -> None:
    import asyncio

    from iot_assets.serving.live.listener import Listener, Wanted
    from iot_assets.serving.live.news import News

    async def listened() -> None:
        listener = Listener(3, [Wanted()])
        listener.hear([News(str(n), "a", "t", "{}") for n in range(5)])
        lost, news = await listener.heard(5)
        assert (lost, [one.id for one in news]) == (2, ["2", "3", "4"])
        assert await listener.heard(0.01) == (0, [])

    asyncio.run(listened())
