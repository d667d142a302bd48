"""The landing sensor: watches the lander, and stands in for it where none runs.

Belongs here: whether to drain, what to report, when to ask for a run early. Does not: reading the broker, which is the
lander's own code (``landing``), whoever calls it.
"""

import json
import threading
import time
from typing import Any, Final

import dagster as dg

from iot_assets.assets.lake import landed_materialization
from iot_assets.assets.results import age_seconds
from iot_assets.automation.minute import MINUTE_JOB, unfinished
from iot_assets.errors import InUseError, IotAssetsError
from iot_assets.lake.paths import DataPaths, LandedFile, list_landed
from iot_assets.landing.lander import run_lander
from iot_assets.landing.status import LanderStatus, lander_running, read_status
from iot_assets.resources import data_paths
from iot_assets.serving.ledger import published_paths
from iot_assets.settings import Settings

#: Files waiting so long while no run is under way: nobody else will report them.
_UNATTENDED_SECONDS: Final = 150.0


@dg.sensor(
    name="landing",
    job=MINUTE_JOB,
    minimum_interval_seconds=1,
    default_status=dg.DefaultSensorStatus.RUNNING,
    description="Reads the broker itself where no lander runs; reports the lander's state and what has landed.",
)
def landing_sensor(context: dg.SensorEvaluationContext, settings: dg.ResourceParam[Settings]) -> dg.SensorResult:
    """One tick: drain if need be, then look at what waits."""
    paths = data_paths(settings)
    state = _drain_or_watch(paths, settings)
    published = published_paths(paths)
    waiting = [file for file in list_landed(paths) if file.path not in published]
    cursor = _Cursor.read(context.cursor)
    events = []
    busy = unfinished(context.instance) > 0
    unattended = [f for f in waiting if not busy and _age(paths, f) > _UNATTENDED_SECONDS and cursor.is_new(f)]
    if unattended:
        newest = max(_modified(paths, f) for f in unattended)
        events.append(
            landed_materialization(
                files=len(unattended),
                messages=None,
                size=sum(f.bytes for f in unattended),
                newest_at=newest,
                lag_seconds=age_seconds(newest),
                by="the landing sensor",
            )
        )
        cursor.advance(unattended)
    if len(waiting) >= settings.schedule.backlog_files and not busy:
        request = dg.RunRequest(tags={"iot/backlog_files": str(len(waiting))})
        return dg.SensorResult(run_requests=[request], asset_events=events, cursor=cursor.text())
    return dg.SensorResult(
        skip_reason=f"{state}; {len(waiting)} landed files wait for the next run",
        asset_events=events,
        cursor=cursor.text(),
    )


def _drain_or_watch(paths: DataPaths, settings: Settings) -> str:
    """Read the broker for a bounded time if no lander does; a sentence on how things stand."""
    name = settings.lander.name
    status = read_status(paths, name)
    if lander_running(paths, name):
        return _sentence(status) if status is not None else "a lander is starting"
    try:
        report = run_lander(
            settings, stop=threading.Event(), for_seconds=settings.schedule.drain_seconds, mode="sensor"
        )
    except InUseError:
        return "a lander has just started"
    except IotAssetsError as error:
        return f"no lander runs, and reading the broker failed: {error}"
    return f"no lander runs; this tick took {report.taken} messages itself ({_trouble(paths, name) or 'no trouble'})"


def _trouble(paths: DataPaths, name: str) -> str | None:
    status = read_status(paths, name)
    return (status.storage_problem or status.broker_problem) if status is not None else None


def _sentence(status: LanderStatus) -> str:
    trouble = status.storage_problem or status.broker_problem
    if trouble:
        return f"the lander runs with trouble: {trouble}"
    inputs = ["connected" if status.connected else "not connected"] if status.broker else []
    inputs += [f"HTTP at {status.http}"] if status.http else []
    counts = f"{status.received_messages} messages taken, {status.landed_messages} landed"
    return f"the lander runs ({', '.join([*inputs, counts])})"


class _Cursor:
    """The newest file of each lander that the sensor has reported."""

    def __init__(self, newest: dict[str, tuple[int, int]]) -> None:
        self._newest = newest

    @classmethod
    def read(cls, text: str | None) -> "_Cursor":
        try:
            tree: dict[str, Any] = json.loads(text or "{}")
            return cls({lander: (int(start), int(segment)) for lander, (start, segment) in tree.items()})
        except (ValueError, TypeError, AttributeError):
            return cls({})  # of another version: reporting twice is harmless

    def is_new(self, file: LandedFile) -> bool:
        return (file.start_ms, file.segment) > self._newest.get(file.lander, (-1, -1))

    def advance(self, files: list[LandedFile]) -> None:
        for file in sorted(files):
            self._newest[file.lander] = (file.start_ms, file.segment)

    def text(self) -> str:
        return json.dumps(self._newest)


def _modified(paths: DataPaths, file: LandedFile) -> float:
    try:
        return (paths.lake / file.path).stat().st_mtime
    except FileNotFoundError:
        return time.time()


def _age(paths: DataPaths, file: LandedFile) -> float:
    return time.time() - _modified(paths, file)
