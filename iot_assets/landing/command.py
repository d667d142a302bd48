"""Commands to devices: a few messages, published over a connection that lasts no longer.

Belongs here: publishing as the settings of the broker say. Does not: what is said to whom.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import TYPE_CHECKING, Any

from paho.mqtt import MQTTException, publish
from paho.mqtt.enums import MQTTProtocolVersion

from iot_assets.errors import BrokerError
from iot_assets.landing import causes
from iot_assets.landing.credentials import password, tls_context

if TYPE_CHECKING:
    from iot_assets.settings import Mqtt


def send(mqtt: Mqtt, commands: Iterable[tuple[str, bytes]]) -> None:
    """Publish each topic's payload once, not retained, under a client id of its own.

    Raises:
        BrokerError: the broker does not let us.
    """
    messages: list[Any] = [{"topic": topic, "payload": payload, "qos": 1} for topic, payload in commands]
    if not messages:
        return
    secret = password(mqtt)
    try:
        publish.multiple(
            messages,
            hostname=mqtt.host,
            port=mqtt.port,
            auth=None if mqtt.username is None else {"username": mqtt.username, "password": secret or ""},
            tls=tls_context(mqtt) if mqtt.tls.enabled else None,  # type: ignore[arg-type]  # it takes a context, too
            protocol=MQTTProtocolVersion.MQTTv311,
        )
    except (OSError, MQTTException) as error:
        raise BrokerError(f"{mqtt.host}:{mqtt.port}", causes.of_exception(error)) from error
