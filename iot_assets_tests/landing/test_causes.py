from __future__ import annotations

import socket
import ssl

import pytest
from paho.mqtt.reasoncodes import ReasonCode

from iot_assets.landing import causes


@pytest.mark.parametrize(
    ("error", "words"),
    [
        (socket.gaierror(-2, "Name or service not known"), "host name is unknown"),
        (ConnectionRefusedError(111, "Connection refused"), "is it running, and is mqtt.port right?"),
        (TimeoutError("timed out"), "does not answer"),
        (OSError(113, "No route to host"), "cannot be reached: No route to host"),
        (ssl.SSLError(1, "[SSL: WRONG_VERSION_NUMBER] wrong version number"), "do not agree on TLS"),
        (ValueError("odd"), "cannot be used: odd"),
    ],
)
def test_each_failure_to_connect_names_what_to_look_at(error: Exception, words: str) -> None:
    assert words in causes.of_exception(error)


def test_the_reasons_we_word_are_reasons_that_mqtt_has() -> None:
    known = {name for names in ReasonCode.names.values() for name in names}
    assert set(causes._REASONS) <= known
    assert causes.of_reason("Quota exceeded") == "closed the connection: quota exceeded"


def test_a_refused_client_certificate_is_told_from_a_missing_one() -> None:
    assert "wants a client" in causes.of_silence("[SSL: TLSV13_ALERT_CERTIFICATE_REQUIRED] tlsv13 alert")
    assert "refused our client" in causes.of_silence("[SSL: TLSV1_ALERT_UNKNOWN_CA] tlsv1 alert unknown ca")
    assert causes.of_silence("") == "closed the connection"
