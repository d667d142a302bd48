"""Fixtures of the room: receivers of alerts, a house with channels, a store."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from iot_assets.alerts.store import Store
from iot_assets.sections.alerts import Alerts, Channel
from iot_assets.settings import Settings
from iot_assets_tests.alerts.receivers import HttpReceiver, MailReceiver


@pytest.fixture
def http() -> Iterator[HttpReceiver]:
    receiver = HttpReceiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture
def mail() -> Iterator[MailReceiver]:
    receiver = MailReceiver().start()
    yield receiver
    receiver.stop()


@pytest.fixture
def store(tmp_path: Path) -> Iterator[Store]:
    made = Store(tmp_path / "data" / "alerts.sqlite")
    yield made
    made.close()


def webhook(http: HttpReceiver, **other: Any) -> Channel:
    given = {"name": "hook", "kind": "webhook", "url": SecretStr(http.url), "timeout_seconds": 5}
    return Channel.model_validate(given | other)


def mailbox(mail: MailReceiver, **other: Any) -> Channel:
    given = {"name": "mail", "kind": "smtp", "host": "127.0.0.1", "port": mail.port, "security": "none"}
    people = {"sender": "iot@example.org", "recipients": ("you@example.org", "her@example.org"), "timeout_seconds": 5}
    return Channel.model_validate(given | people | other)


def settings_in(folder: Path, *channels: Channel, **alerts: Any) -> Settings:
    """Settings of a quick and quiet house."""
    swift = {"for_seconds": 0, "every_seconds": 1, "cooldown_minutes": 0, "watch_dagster": False, "house": "plant 7"}
    return Settings(data_dir=folder / "data", alerts=Alerts.model_validate(swift | alerts | {"channels": channels}))
