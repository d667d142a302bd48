"""A broker goes and comes back: whoever reads mail, and whoever reads the chat, is told of both, once."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING

import pytest

from iot_assets_tests.alerts.receivers import HttpReceiver, MailReceiver
from iot_assets_tests.story.processes import wait_for

if TYPE_CHECKING:
    from collections.abc import Iterator

    from iot_assets_tests.brokers import Mosquitto
    from iot_assets_tests.story.conftest import HouseFactory
    from iot_assets_tests.story.processes import House

pytestmark = [pytest.mark.story, pytest.mark.broker]

GONE = "[plant 7] CRITICAL: The broker cannot be reached"
BACK = "[plant 7] OK: Over: The broker cannot be reached"


@pytest.fixture
def receivers() -> Iterator[tuple[MailReceiver, HttpReceiver]]:
    mail, http = MailReceiver().start(), HttpReceiver().start()
    yield mail, http
    mail.stop()
    http.stop()


def told_by(house_at: HouseFactory, broker: Mosquitto, mail: MailReceiver, http: HttpReceiver) -> House:
    smtp = {"name": "mail", "kind": "smtp", "host": "127.0.0.1", "port": mail.port, "security": "none"}
    people = {"sender": "iot@example.org", "recipients": ["you@example.org"]}
    chat = {"name": "chat", "kind": "slack", "url": http.url}
    return house_at(
        broker,
        IOT_ALERTS__CHANNELS=json.dumps([smtp | people, chat]),
        IOT_ALERTS__HOUSE="plant 7",
        IOT_ALERTS__EVERY_SECONDS="1",
        IOT_ALERTS__FOR_SECONDS="2",
        IOT_ALERTS__WATCH_DAGSTER="false",
    )


def test_a_broker_that_stops_is_told_by_mail_and_chat_and_so_is_its_return(
    mosquitto: Mosquitto, house_at: HouseFactory, receivers: tuple[MailReceiver, HttpReceiver]
) -> None:
    mail, http = receivers
    house = told_by(house_at, mosquitto, mail, http)
    house.lander()
    house.start("iot-assets", "alerts", "watch")
    mosquitto.stop()
    wait_for(lambda: GONE in mail.subjects(), "the mail that it is gone")
    wait_for(lambda: any(body["text"] == GONE for body in list(http.bodies)), "the chat message that it is gone")
    assert "refuses connections" in house.run("iot-assets", "alerts")
    mosquitto.start()
    wait_for(lambda: BACK in mail.subjects(), "the mail that it is back")
    wait_for(lambda: any(body["text"] == BACK for body in list(http.bodies)), "the chat message that it is back")
    told = [s for s in mail.subjects() if "broker" in s]
    assert told == [GONE, BACK]
    assert [body["text"] for body in http.bodies if "broker" in body["text"]] == [GONE, BACK]
    assert "Nothing is wrong" in house.run("iot-assets", "alerts")


def test_a_lander_that_is_killed_is_told_though_it_can_say_nothing_itself(
    mosquitto: Mosquitto, house_at: HouseFactory, receivers: tuple[MailReceiver, HttpReceiver]
) -> None:
    mail, http = receivers
    house = told_by(house_at, mosquitto, mail, http)
    lander = house.lander()
    watcher = house.start("iot-assets", "alerts", "watch")
    lander.kill()
    wait_for(lambda: "[plant 7] CRITICAL: The lander is down" in mail.subjects(), "the mail that it is down")
    house.lander()
    wait_for(lambda: "[plant 7] OK: Over: The lander is down" in mail.subjects(), "the mail that it is back")
    watcher.end()
