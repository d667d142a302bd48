"""Any service that the library Apprise has an address for: ntfy, Telegram, PagerDuty, Matrix, text messages and more.

Belongs here: handing one notice over. Does not: what has a module of its own, since Apprise says of a failure only that
it failed.
"""

from __future__ import annotations

import logging
from typing import TYPE_CHECKING, Final

from iot_assets.alerts import words
from iot_assets.alerts.channels.secret import secret
from iot_assets.alerts.channels.trouble import ChannelError

if TYPE_CHECKING:
    from iot_assets.alerts.alert import Notice
    from iot_assets.sections.alerts import Channel

_TYPES: Final = {"critical": "failure", "warning": "warning", "info": "info"}


def send(channel: Channel, notice: Notice) -> None:
    """Hand the notice to Apprise.

    Raises:
        ChannelError: the address is none, or the service did not take the notice.
    """
    import apprise  # noqa: PLC0415 - ten megabytes, and few use it

    url = secret(channel.url, channel.url_file) or ""
    joint = "&" if "?" in url else "?"
    service = apprise.Apprise.instantiate(f"{url}{joint}cto={channel.timeout_seconds}&rto={channel.timeout_seconds}")
    if service is None:
        raise ChannelError("its url is no address that Apprise knows")
    said = _Said()
    logger = logging.getLogger("apprise")
    logger.addHandler(said)
    try:
        kind = "success" if words.is_over(notice) else _TYPES[notice.severity]
        taken = service.notify(body=words.plain(notice), title=words.subject(notice), notify_type=kind)
    except (TypeError, OSError) as error:
        raise ChannelError(f"Apprise failed: {error}") from error
    finally:
        logger.removeHandler(said)
    if not taken:
        raise ChannelError(said.last or "the service did not take it")


class _Said(logging.Handler):
    """Keeps the last warning: the only place where Apprise says why. Its texts hold no address."""

    def __init__(self) -> None:
        super().__init__(logging.WARNING)
        self.last = ""

    def emit(self, record: logging.LogRecord) -> None:
        self.last = record.getMessage().rstrip(".")
