"""How one sees from outside that a part is really up: each probe says what is still missing, or None.

Belongs here: looking. Does not: waiting (``supervisor.py``).
"""

from __future__ import annotations

import json
import socket
import urllib.request
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import TYPE_CHECKING, Any, Final

from iot_assets.landing.status import read_status

if TYPE_CHECKING:
    from iot_assets.lake.paths import DataPaths

_PATIENCE_SECONDS: Final = 3.0
#: Asked of Dagster's page: has the code loaded, and do the daemons without which nothing happens beat?
_DAGSTER_QUERY: Final = """{
  workspaceOrError { __typename ... on Workspace { locationEntries { name loadStatus
    locationOrLoadError { __typename ... on PythonError { message } } } } }
  instance { daemonHealth { allDaemonStatuses { daemonType required healthy } } }
}"""
_RUNS_QUERY: Final = "{ runsOrError(filter: {statuses: [STARTING, STARTED]}) { ... on Runs { results { id } } } }"
_STALE_QUERY: Final = "{ assetNodes { assetKey { path } freshnessStatusInfo { freshnessStatus } } }"
_SCHEDULES_QUERY: Final = """{ workspaceOrError { ... on Workspace { locationEntries { locationOrLoadError {
  ... on RepositoryLocation { repositories { schedules { name scheduleState { status } } } } } } } } }"""
_NEEDED_DAEMONS: Final = frozenset({"SCHEDULER", "SENSOR", "QUEUED_RUN_COORDINATOR"})


def port_missing(host: str, port: int) -> str | None:
    """Whether something listens on the port."""
    try:
        with socket.create_connection((host, port), timeout=_PATIENCE_SECONDS):
            return None
    except OSError:
        return f"an answer on port {port}"


def fleet_missing(status: Path, pid: int) -> str | None:
    """Whether the fleet's messages are acknowledged by the broker, by its status file."""
    try:
        told = json.loads(status.read_bytes())
        running = told["pid"] == pid and told["acknowledged"] > 0
    except (OSError, ValueError, KeyError, TypeError):
        running = False
    return None if running else "its first acknowledged message"


def lander_missing(paths: DataPaths, lander: str, pid: int) -> str | None:
    """Whether the lander is connected and takes what arrives, by its status file."""
    status = read_status(paths, lander)
    if status is None or status.pid != pid:
        return "its first sign of life"
    if trouble := status.storage_problem or status.broker_problem:
        return f"this to be mended: {trouble}"
    if status.broker and not status.connected:
        return f"its connection to {status.broker}"
    return None


def watcher_missing(paths: DataPaths, pid: int) -> str | None:
    """Whether the watcher has taken the store of alerts for its own."""
    try:
        taken = int(paths.alerts_lock.read_text(encoding="utf-8")) == pid
    except (OSError, ValueError):
        taken = False
    return None if taken else "its first look"


def dagster_missing(host: str, port: int) -> str | None:
    """Whether Dagster's page answers, the code is loaded and the daemons are at work."""
    try:
        return _dagster_state(_ask(host, port, _DAGSTER_QUERY))
    except (OSError, ValueError):
        return f"its web page, {page_address(host, port)}"
    except (KeyError, TypeError):
        return None  # the page answers, in a way that this version does not know


def dagster_busy(host: str, port: int) -> bool:
    """Whether a run is going on; ended now, it would count as failed."""
    try:
        return bool(_ask(host, port, _RUNS_QUERY)["runsOrError"]["results"])
    except (OSError, ValueError, KeyError, TypeError):
        return False


def schedule_running(host: str, port: int, name: str) -> bool | None:
    """Whether a schedule is on; None: no answer, or there is none of that name."""
    try:
        entries = _ask(host, port, _SCHEDULES_QUERY)["workspaceOrError"]["locationEntries"]
        repositories = [r for entry in entries for r in entry["locationOrLoadError"]["repositories"]]
        states = {s["name"]: s["scheduleState"]["status"] for r in repositories for s in r["schedules"]}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return states[name] == "RUNNING" if name in states else None


def stale_assets(host: str, port: int) -> list[tuple[str, bool]] | None:
    """Assets that were not materialized within their policy, and whether they count as failed; None: no answer."""
    try:
        nodes = _ask(host, port, _STALE_QUERY)["assetNodes"]
        states = {"/".join(n["assetKey"]["path"]): (n["freshnessStatusInfo"] or {}) for n in nodes}
        told = {name: state.get("freshnessStatus") for name, state in states.items()}
    except (OSError, ValueError, KeyError, TypeError):
        return None
    return [(name, state == "DEGRADED") for name, state in sorted(told.items()) if state in ("WARNING", "DEGRADED")]


def page_address(host: str, port: int) -> str:
    """The address at which this machine sees a page that listens on ``host``."""
    near = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(host, f"[{host}]" if ":" in host else host)  # noqa: S104
    return f"http://{near}:{port}"


def server_missing(host: str, port: int) -> str | None:
    """Whether what answers on the port is our own server: it describes itself to anybody."""
    address = f"{page_address(host, port)}/openapi.json"
    try:
        with urllib.request.urlopen(address, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - as below
            ours = json.load(answer)["info"]["title"] == "iot_assets"
    except (OSError, HTTPException, ValueError, KeyError, TypeError):
        ours = False
    return None if ours else f"its answer at {address}"


def _ask(host: str, port: int, query: str) -> Any:
    request = urllib.request.Request(  # noqa: S310 - our own page, always http
        f"{page_address(host, port)}/graphql",
        json.dumps({"query": query}).encode(),
        {"Content-Type": "application/json"},
    )
    with urllib.request.urlopen(request, timeout=_PATIENCE_SECONDS) as answer:  # noqa: S310 - as above
        return json.load(answer)["data"]


def _dagster_state(data: Mapping[str, Any]) -> str | None:
    entries = data["workspaceOrError"]["locationEntries"]
    for entry in entries:
        loaded = entry["locationOrLoadError"]
        if loaded is not None and loaded["__typename"] == "PythonError":
            fault = " ".join(str(loaded["message"]).split())
            return f"code location {entry['name']!r}, which does not load: {fault[:300]}"
    if not entries or any(entry["loadStatus"] != "LOADED" for entry in entries):
        return "its code to load"
    daemons = data["instance"]["daemonHealth"]["allDaemonStatuses"]
    asleep = sorted(
        d["daemonType"] for d in daemons if d["required"] and not d["healthy"] and d["daemonType"] in _NEEDED_DAEMONS
    )
    return f"the heartbeat of {', '.join(asleep).lower()}" if asleep else None
