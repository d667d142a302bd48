"""Mosquitto as the demo's broker, with a configuration that shows what the docs recommend.

Belongs here: finding the program and writing its configuration. Does not: starting it (``ops``).
"""

from __future__ import annotations

import os
import pwd
import shutil
from pathlib import Path
from typing import Final

from iot_assets.errors import StorageError

#: Where packages put the program although ordinary users do not have the folder on their PATH.
_ALSO: Final = "/usr/sbin:/usr/local/sbin:/opt/homebrew/sbin"


def find_mosquitto() -> str | None:
    """The program's path, if it is installed."""
    return shutil.which("mosquitto") or shutil.which("mosquitto", path=_ALSO)


def configuration(folder: Path, port: int, user: str) -> str:
    """The configuration file: one line a setting, each with its reason."""
    return f"""\
# Written by `iot-assets demo` at each start; changes made here are lost.

# This machine only: anyone who can reach the port may publish.
listener {port} 127.0.0.1
allow_anonymous true

# Sessions and queued messages survive a restart of the broker, but for the last seconds.
persistence true
persistence_location {folder}/
autosave_interval 5

# What waits while the lander is away (stock: 1000, and the rest is dropped), and how much may be on its way to it
# unacknowledged (stock: 20, which makes a lander that acknowledges in groups slow).
max_queued_messages 1000000
max_queued_bytes 2000000000
max_inflight_messages 20000
set_tcp_nodelay true

# The counter of dropped messages is refreshed so often (seconds); a check watches it.
sys_interval 10

# Unlike stdout it is not held back until a block is full.
log_dest stderr
log_type error
log_type warning
log_type notice
connection_messages true
log_timestamp_format %Y-%m-%dT%H:%M:%S

# Started by root, mosquitto would become a user who may not write into this folder.
user {user}
"""


def prepare_mosquitto(program: str, folder: Path, port: int) -> list[str]:
    """Write the configuration below ``folder``; the command that starts the broker with it.

    Raises:
        StorageError: the disk refuses.
    """
    folder = folder.absolute()
    path = folder / "mosquitto.conf"
    try:
        folder.mkdir(parents=True, exist_ok=True)
        path.write_text(configuration(folder, port, pwd.getpwuid(os.getuid()).pw_name), encoding="utf-8")
    except OSError as error:
        raise StorageError("write the broker's configuration", path, error) from error
    return [program, "-c", str(path)]
