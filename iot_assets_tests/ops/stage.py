"""A stage for supervisors: one in a process of its own, with parts that note what happens to them.

Belongs here: the supervisor's process, the parts' scripts, looking at what lives. Does not: expectations.
"""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from dataclasses import asdict, dataclass, field
from functools import partial
from pathlib import Path

from iot_assets.errors import IotAssetsError
from iot_assets.ops.narrator import Narrator
from iot_assets.ops.parts import Part
from iot_assets.ops.supervisor import Supervisor
from iot_assets_tests.waiting import eventually

#: A part: notes its start, says that it is up, lives until SIGTERM, notes its end. Words in argv change its nature.
PLAYER = """
import os, signal, subprocess, sys, time
name, folder, *nature = sys.argv[1:]
def note(what):
    with open(os.path.join(folder, "events"), "a") as file:
        file.write(f"{name} {what}\\n")
def end(*_):
    note("ends")
    sys.exit(0)
signal.signal(signal.SIGTERM, signal.SIG_IGN if "stubborn" in nature else end)
note("starts")
print(f"{name} speaks", flush=True)
if "interruptible" in nature:
    note(f"SIGINT is {signal.getsignal(signal.SIGINT).__name__}")
if "parent" in nature:
    deaf = "import signal, time; signal.signal(signal.SIGTERM, signal.SIG_IGN); time.sleep(600)"
    subprocess.Popen([sys.executable, "-c", deaf])
    time.sleep(0.5)
if "broken" in nature:
    sys.exit("it is broken beyond repair")
if "shy" not in nature:
    open(os.path.join(folder, f"{name}.up"), "w").write(str(os.getpid()))
if "brief" in nature:
    sys.exit(0)
if "mortal" in nature and not os.path.exists(os.path.join(folder, "died")):
    open(os.path.join(folder, "died"), "w").close()
    time.sleep(1)
    sys.exit("it had to die once")
while True:
    time.sleep(600)
"""


@dataclass
class Role:
    """What a test says of one part."""

    name: str
    nature: list[str] = field(default_factory=list)
    rank: int = 0
    stop_seconds: float = 10
    patience_seconds: float = 30
    once: bool = False
    busy_seconds: float = 0


def living(mark: str) -> list[int]:
    """Every process, zombies apart, whose environment or command line holds this text."""
    found = []
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit() or int(entry.name) == os.getpid():
            continue
        try:
            said = (entry / "environ").read_bytes() + (entry / "cmdline").read_bytes()
            state = (entry / "stat").read_text().rpartition(")")[2].split()[0]
        except OSError:
            continue
        if mark.encode() in said and state != "Z":
            found.append(int(entry.name))
    return found


class Stage:
    """A supervisor's process and its parts."""

    def __init__(self, folder: Path, *roles: Role, stdout: int | None = None) -> None:
        self.folder = folder
        (folder / "roles.json").write_text(json.dumps([asdict(role) for role in roles]))
        command = [sys.executable, "-m", __name__, str(folder)]
        with (folder / "out").open("wb") as out:
            stdout = out.fileno() if stdout is None else stdout
            self.process = subprocess.Popen(
                command, env=os.environ | {"STAGE": str(folder)}, stdout=stdout, stderr=subprocess.STDOUT
            )

    def out(self) -> str:
        return (self.folder / "out").read_text()

    def events(self) -> list[str]:
        path = self.folder / "events"
        return path.read_text().splitlines() if path.exists() else []

    def until(self, *texts: str) -> None:
        """Wait until the supervisor has said all of these."""
        eventually(lambda: all(text in self.out() for text in texts))

    def signal(self, number: signal.Signals = signal.SIGINT) -> None:
        self.process.send_signal(number)

    def ended(self) -> int:
        """The exit code; and nothing is left behind."""
        code: int = self.process.wait(30)
        assert living(str(self.folder)) == []
        return code


def _missing(folder: Path, name: str, pid: int) -> str | None:
    path = folder / f"{name}.up"
    return None if path.exists() and path.read_text() == str(pid) else "its word"


def _busy(seconds: float, asked: list[float]) -> bool:
    asked.append(time.monotonic())
    return time.monotonic() - asked[0] < seconds


def main(folder: Path) -> None:
    """Run a supervisor with the parts that roles.json describes."""
    parts = [
        Part(
            name=role.name,
            command=(sys.executable, "-c", PLAYER, role.name, str(folder), *role.nature),
            environment=os.environ,
            waiting_for=partial(_missing, folder, role.name),
            once_up=f"{role.name} is up",
            stop_rank=role.rank,
            stop_seconds=role.stop_seconds,
            patience_seconds=role.patience_seconds,
            once=role.once,
            busy=partial(_busy, role.busy_seconds, []),
            settle_seconds=10,
        )
        for role in (Role(**tree) for tree in json.loads((folder / "roles.json").read_text()))
    ]
    try:
        gentle = Supervisor(parts, logs=folder / "logs", narrator=Narrator(sys.stdout), when_up="look there").run()
    except IotAssetsError as error:
        sys.exit(str(error))
    sys.exit(0 if gentle else 3)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
