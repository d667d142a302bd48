"""Addresses and passwords of channels, read anew at each attempt, so that one put right needs no restart.

Belongs here: reading them from where the settings say. Does not: showing them to anybody.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from iot_assets.alerts.channels.trouble import ChannelError

if TYPE_CHECKING:
    from pathlib import Path

    from pydantic import SecretStr


def secret(value: SecretStr | None, file: Path | None) -> str | None:
    """The secret, given outright or as the first line of a file.

    Raises:
        ChannelError: the file cannot be read.
    """
    if file is None:
        return None if value is None else value.get_secret_value()
    try:
        lines = file.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError) as error:
        why = error.strerror if isinstance(error, OSError) else "it is no text"
        raise ChannelError(f"the file {file} cannot be read: {why}") from error
    return lines[0].strip() if lines else ""
