"""What a supervisor, or a watcher, must have to itself before it starts anything: the data folder, the ports.

Belongs here: finding out, and saying which setting to change. Does not: the parts that use them.
"""

from __future__ import annotations

import contextlib
import errno
import fcntl
import os
import socket
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from iot_assets.errors import InUseError, SettingsError, StorageError

if TYPE_CHECKING:
    from iot_assets.ops.parts import NeededPort


@contextlib.contextmanager
def claim_folder(data_dir: Path) -> Iterator[None]:
    """Keep other supervisors off this data folder.

    Raises:
        InUseError: another supervisor has it.
        StorageError: the folder cannot be made or written.
    """
    with claim(
        data_dir / "supervisor.lock",
        what=f"the data folder {data_dir}",
        holder="another `iot-assets up` or `demo`",
        advice="stop that one, or name another folder with data_dir (IOT_DATA_DIR)",
    ):
        yield


@contextlib.contextmanager
def claim(path: Path, *, what: str, holder: str, advice: str) -> Iterator[None]:
    """Hold a lock file, which then has our process number; the kernel lets go when we end, however we end.

    Raises:
        InUseError: another process holds it, in the words given.
        StorageError: the folder cannot be made or written.
    """
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    except OSError as error:
        raise StorageError("use the data folder", path.parent, error) from error
    try:
        try:
            fcntl.flock(descriptor, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            pid = os.pread(descriptor, 20, 0).decode(errors="replace").strip() or "unknown"
            raise InUseError(what, f"{holder} (process {pid})", advice) from None
        os.ftruncate(descriptor, 0)
        os.pwrite(descriptor, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(descriptor)


def is_claimed(path: Path) -> bool:
    """Whether a process holds this lock file at this moment."""
    try:
        descriptor = os.open(path, os.O_RDONLY | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        fcntl.flock(descriptor, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        return True
    else:
        return False
    finally:
        os.close(descriptor)


def check_ports(ports: Iterable[NeededPort]) -> None:
    """See that each port can be listened on.

    Raises:
        InUseError: something listens there already, or two settings name the same port.
        SettingsError: the address is none of this machine's, or the port is not for ordinary users.
    """
    with contextlib.ExitStack() as held:  # all at once, so that two settings with one port are found out
        for needed in ports:
            _hold(needed, held)


def _hold(needed: NeededPort, held: contextlib.ExitStack) -> None:
    variable = f"IOT_{needed.setting.upper().replace('.', '__')}"
    try:
        family, kind, _, _, address = socket.getaddrinfo(needed.host, needed.port, type=socket.SOCK_STREAM)[0]
        probe = held.enter_context(socket.socket(family, kind))
        # As servers do: connections that linger after a stop a moment ago are no obstacle, a listener is.
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        probe.bind(address)
        probe.listen(1)
    except OSError as error:
        if error.errno == errno.EADDRINUSE:
            raise InUseError(
                f"port {needed.port} on {needed.host}",
                "another program (or another of these settings)",
                f"stop it, or choose another port with {needed.setting} ({variable})",
            ) from error
        raise SettingsError(
            [f"{needed.setting} ({variable}): cannot listen on {needed.host} port {needed.port}: {error.strerror}"]
        ) from error
