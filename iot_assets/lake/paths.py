"""Where things lie below the data folder, and what a landed file's name says."""

from __future__ import annotations

import os
import re
from collections.abc import Collection, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime
from pathlib import Path

_DAY = re.compile(r"date=\d{4}-\d\d-\d\d")
_NAME = re.compile(r"(?P<lander>[A-Za-z0-9_.-]+)-(?P<start>\d{13,})-(?P<segment>\d{6,})\.parquet")

_JOINED = re.compile(r"-\d{10,}\.parquet$")


@dataclass(frozen=True, slots=True, order=True)
class LandedFile:
    """One landed file; files of one lander sort in the order they were sealed."""

    lander: str
    start_ms: int
    segment: int
    path: str
    """Relative to the lake, with forward slashes: the name under which the ledger knows the file."""
    bytes: int

    @property
    def joined(self) -> bool:
        """Whether it was joined from others, which it may lie beside for a while."""
        return is_joined(self.path)

    @property
    def landed_on(self) -> date:
        """The day, in UTC, of the folder it lies in."""
        return date.fromisoformat(self.path.split("/")[1].removeprefix("date="))


@dataclass(frozen=True, slots=True)
class DataPaths:
    """Every path below the data folder, in one place."""

    root: Path

    @property
    def lake(self) -> Path:
        """The lake: Parquet files that any engine may read."""
        return self.root / "lake"

    @property
    def landed(self) -> Path:
        """Landed files, in ``date=YYYY-MM-DD/hour=HH`` folders of the received time in UTC."""
        return self.lake / "landed"

    @property
    def warehouse(self) -> Path:
        """The warehouse file; only ``warehouse/`` opens it."""
        return self.root / "iot.duckdb"

    @property
    def serving(self) -> Path:
        """The published copy that anyone may read at any time."""
        return self.root / "serving.duckdb"

    @property
    def logs(self) -> Path:
        """Logs of the processes that ``up`` and ``demo`` start."""
        return self.root / "logs"

    @property
    def alerts(self) -> Path:
        """What was told to people and what is still to be told; SQLite."""
        return self.root / "alerts.sqlite"

    @property
    def alerts_lock(self) -> Path:
        """Held by the one process that watches; it holds that process's number."""
        return self.root / "alerts.sqlite.lock"

    @property
    def alert_log(self) -> Path:
        """All that was told, a JSON object a line."""
        return self.logs / "alerts.jsonl"

    @property
    def dagster(self) -> Path:
        """Dagster's own storage; ``dagster.yaml`` names it too."""
        return self.root / "dagster"

    @property
    def spools(self) -> Path:
        """The spools of the landers of this machine, a folder each."""
        return self.root / "spool"

    def spool(self, lander: str) -> Path:
        """The spool of one lander: its lock, its state and its unsealed segments."""
        return self.spools / lander

    def landed_file(self, lander: str, start_ms: int, segment: int, first_received_at: datetime) -> Path:
        """The one path that a segment is sealed to; sealing it twice gives the same file."""
        at = first_received_at.astimezone(UTC)
        name = f"{lander}-{start_ms}-{segment:06d}.parquet"
        return self.landed / f"date={at:%Y-%m-%d}" / f"hour={at:%H}" / name


def name_of(path: str) -> tuple[str, int, int] | None:
    """Lander, start and segment that the path of a landed file names; None where it names none."""
    match = _NAME.fullmatch(path.rpartition("/")[2])
    return (match["lander"], int(match["start"]), int(match["segment"])) if match is not None else None


def list_landed(paths: DataPaths, *, days: Collection[date] | None = None) -> Iterator[LandedFile]:
    """All landed files, or those in folders of these days, in no particular order; a lake yet to be made has none."""
    for folder in _folders(paths.landed):
        if _DAY.fullmatch(folder.name) is None:
            continue
        if days is not None and date.fromisoformat(folder.name.removeprefix("date=")) not in days:
            continue
        for hour in _folders(Path(folder.path)):
            with os.scandir(hour.path) as entries:
                for entry in entries:
                    if (match := _NAME.fullmatch(entry.name)) is None:
                        continue
                    try:
                        size = entry.stat().st_size
                    except FileNotFoundError:  # compacted away while we looked
                        continue
                    yield LandedFile(
                        lander=match["lander"],
                        start_ms=int(match["start"]),
                        segment=int(match["segment"]),
                        path=f"landed/{folder.name}/{hour.name}/{entry.name}",
                        bytes=size,
                    )


def joined_path(last: str) -> str:
    """The path, below the lake, of the file joined from several of which this is the last.

    Its number is that of the last one with four more digits, which no segment has, so that names keep sorting.
    """
    return f"{last.removesuffix('.parquet')}0000.parquet"


def is_joined(path: str) -> bool:
    """Whether a landed file was joined from others."""
    return _JOINED.search(path) is not None


def _folders(path: Path) -> list[os.DirEntry[str]]:
    try:
        with os.scandir(path) as entries:
            return sorted((e for e in entries if e.is_dir()), key=lambda e: e.name)
    except FileNotFoundError:
        return []


def landed_days(paths: DataPaths) -> list[date]:
    """Days, in UTC, that have a folder of landed files."""
    names = [folder.name for folder in _folders(paths.landed)]
    return [date.fromisoformat(name.removeprefix("date=")) for name in names if _DAY.fullmatch(name)]
