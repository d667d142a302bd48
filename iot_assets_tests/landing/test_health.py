from __future__ import annotations

import json
import socket
import threading
import urllib.error
import urllib.request
from typing import TYPE_CHECKING

import pytest

from iot_assets.errors import InUseError
from iot_assets.landing.lander import run_lander
from iot_assets_tests.brokers import Mosquitto, free_port
from iot_assets_tests.landing.harness import Running, numbered, settings_for, wait_for

if TYPE_CHECKING:
    from pathlib import Path


def get(port: int, page: str) -> tuple[int, str]:
    try:
        with urllib.request.urlopen(f"http://127.0.0.1:{port}{page}", timeout=10) as answer:
            return answer.status, answer.read().decode()
    except urllib.error.HTTPError as error:
        with error:
            return error.code, error.read().decode()
    except OSError:
        return 0, ""


@pytest.mark.broker
def test_healthz_and_metrics_say_how_the_lander_is(mosquitto: Mosquitto, tmp_path: Path) -> None:
    port = free_port()
    with Running(settings_for(tmp_path / "data", mosquitto.port, lander={"metrics_port": port})) as lander:
        wait_for(lambda: get(port, "/healthz")[0] == 200, "health")
        mosquitto.publish(numbered(30))
        wait_for(lambda: (s := lander.status) and s.landed_messages == 30, "landed messages")
        tree = json.loads(get(port, "/healthz")[1])
        assert (tree["healthy"], tree["problems"], tree["acknowledged_messages"]) == (True, [], 30)
        metrics = get(port, "/metrics")[1]
        assert "# HELP iot_assets_lander_landed_messages_total " in metrics
        assert "\niot_assets_lander_landed_messages_total 30.0\n" in metrics
        assert "\niot_assets_lander_connected 1.0\n" in metrics
        assert "\niot_assets_lander_broker_dropped_messages 0.0\n" in metrics
        assert get(port, "/other")[0] == 404
        mosquitto.stop()
        wait_for(lambda: "\niot_assets_lander_broker_problem 1.0\n" in get(port, "/metrics")[1], "bad health")
        code, body = get(port, "/healthz")
        assert (code, json.loads(body)["healthy"]) == (503, False)
        assert json.loads(body)["problems"][0].startswith(f"the MQTT broker at 127.0.0.1:{mosquitto.port} ")
    assert get(port, "/healthz")[0] == 0


def test_a_taken_port_is_said_in_one_sentence_and_nothing_is_begun(tmp_path: Path) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        settings = settings_for(tmp_path / "data", None, lander={"metrics_port": other.getsockname()[1]})
        with pytest.raises(InUseError, match=r"127\.0\.0\.1:\d+ for health and metrics is in use by something else"):
            run_lander(settings, stop=threading.Event(), until_idle=0)
    assert not (tmp_path / "data").exists()
