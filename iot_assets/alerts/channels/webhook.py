"""JSON by HTTP POST: our own shape, Slack's and Teams'.

Belongs here: one request and what its answer means. Does not: the shapes (``shapes.py``).
"""

from __future__ import annotations

import http.client
import json
import ssl
import urllib.error
import urllib.request
from typing import TYPE_CHECKING, Any, Final

from iot_assets.alerts.channels.secret import secret
from iot_assets.alerts.channels.shapes import shape
from iot_assets.alerts.channels.trouble import ChannelError

if TYPE_CHECKING:
    from iot_assets.alerts.alert import Notice
    from iot_assets.sections.alerts import Channel

_SHOWN: Final = 200


class _NoRedirects(urllib.request.HTTPRedirectHandler):
    """Takes a redirect for a refusal: followed, a post becomes a look at a page, and the notice would be lost."""

    def redirect_request(self, *_: Any) -> None:
        """None: do not follow."""


def send(channel: Channel, notice: Notice) -> None:
    """Post the notice.

    Raises:
        ChannelError: it was not taken; the sentence does not hold the address, which may be a secret.
    """
    url = secret(channel.url, channel.url_file) or ""
    if not url.startswith(("http://", "https://")):
        raise ChannelError("its url is no address that begins with http:// or https://")
    headers = {
        "Content-Type": "application/json; charset=utf-8",
        "User-Agent": "iot-assets",
        # The same however often it is sent: a receiver that knows the header takes it once.
        "Idempotency-Key": notice.notice_id,
    }
    if token := secret(None, channel.token_file):
        headers["Authorization"] = f"Bearer {token}"
    content = json.dumps(shape(channel, notice), ensure_ascii=False).encode()
    try:
        # The scheme was looked at above.
        request = urllib.request.Request(url, content, headers, method="POST")  # noqa: S310
        context = ssl.create_default_context(cafile=str(channel.ca_file) if channel.ca_file else None)
        opener = urllib.request.build_opener(_NoRedirects, urllib.request.HTTPSHandler(context=context))
        with opener.open(request, timeout=channel.timeout_seconds) as answer:
            answer.read(_SHOWN)
    except urllib.error.HTTPError as error:
        with error:
            said = error.read(_SHOWN).decode(errors="replace").strip()
        raise ChannelError(f"it answered {error.code} {error.reason}" + (f": {said}" if said else "")) from error
    except urllib.error.URLError as error:
        raise ChannelError(f"it cannot be reached: {error.reason}") from error
    except (OSError, http.client.HTTPException, ValueError) as error:
        raise ChannelError(f"it cannot be reached: {type(error).__name__} {error}".replace(url, "its url")) from error
