"""What a channel raises when it did not take a notice.

Belongs here: the error. Does not: what is done about it (``delivery.py``).
"""

from __future__ import annotations

from iot_assets.errors import IotAssetsError


class ChannelError(IotAssetsError):
    """The channel did not take a notice: mend the channel or its settings; the notice is tried again."""
