"""``python -m iot_assets.ops.leash PID COMMAND…``: becomes the command, and is told to end if process PID vanishes.

Belongs here: what has to happen in the new process itself before its program begins. Does not: anything that imports
more than the standard library's smallest, since every part pays for it at each start.
"""

from __future__ import annotations

import ctypes
import os
import signal
import sys

_PR_SET_PDEATHSIG = 1


def main() -> None:
    """Prepare this process and turn it into the command."""
    # Started in the background by a shell that has no job control, a process ignores SIGINT, and hands that on; and
    # Dagster ignores SIGTERM where SIGINT is ignored.
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(number, signal.SIG_DFL)
    if sys.platform == "linux":
        # If the supervisor is killed outright, its children end in their own orderly way instead of living on unseen.
        ctypes.CDLL(None).prctl(_PR_SET_PDEATHSIG, signal.SIGTERM, 0, 0, 0)
        if os.getppid() != int(sys.argv[1]):
            sys.exit("the supervisor vanished")  # before we asked
    os.execvp(sys.argv[2], sys.argv[2:])  # noqa: S606 - the command comes from the supervisor, by argument list


if __name__ == "__main__":
    main()
