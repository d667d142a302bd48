"""Examinations of the parts: broker, spool, Dagster's schedule, the warehouse file, the published copy.

Belongs here: what the looks of ``alerts`` do not see, since they run beside all parts. Does not: those.
"""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Final

from iot_assets.health.examination import Result
from iot_assets.health.file_locks import holder
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.status import read_status
from iot_assets.ops.claims import is_claimed
from iot_assets.ops.probes import dagster_missing, port_missing, schedule_running

if TYPE_CHECKING:
    from iot_assets.health.examination import Patient

#: A publication later than this many idle runs is late.
_LATE_RUNS: Final = 3


def broker(patient: Patient) -> Iterator[Result]:
    """Whether the broker can be reached from here, and has kept our session."""
    mqtt = patient.settings.mqtt
    if not mqtt.enabled:
        yield Result("broker", "well", "No broker is read (mqtt.enabled is false).")
        return
    address = f"{mqtt.host}:{mqtt.port}"
    if port_missing(mqtt.host, mqtt.port) is not None:
        mend = "Start the broker, or mend mqtt.host and mqtt.port (IOT_MQTT__HOST, IOT_MQTT__PORT)."
        yield Result("broker", "ill", f"Nothing answers at {address}.", mend)
        return
    told = read_status(DataPaths(patient.settings.data_dir.absolute()), patient.settings.lander.name)
    if told is not None and told.session_lost:
        kept = f"It answers at {address}, and has forgotten our session {told.session_lost} times."
        mend = "Let it persist sessions: docs/operations.md, Brokers. What was sent meanwhile may be missing."
        yield Result("broker", "note", kept, mend)
        return
    yield Result("broker", "well", f"It answers at {address}{' and has kept our session' if told is not None else ''}.")


def spool(patient: Patient) -> Iterator[Result]:
    """Whether segments lie in the spool that should have been sealed."""
    folder = DataPaths(patient.settings.data_dir.absolute()).spool(patient.settings.lander.name)
    ages = {path: path.stat().st_mtime for path in folder.glob("*.spool")}
    old = [p for p, at in ages.items() if patient.now.timestamp() - at > 3 * patient.settings.lander.seal_seconds + 60]
    damaged = list(folder.glob("damaged/*"))
    if damaged:
        told = f"{len(damaged)} damaged segments are kept in {folder / 'damaged'}; what was sound in them is landed."
        yield Result("spool", "note", told, "Look at the disk (dmesg, smartctl); delete them once they are not needed.")
    if [path for path in old if path.stat().st_size]:
        told = f"{len(old)} segments in {folder} should have been sealed: they hold what is not landed."
        yield Result("spool", "ill", told, "Start the lander (`iot-assets land`): it lands them first.")
    elif not damaged:
        yield Result("spool", "well", f"{len(ages)} segments are open or being sealed.")


def schedule(patient: Patient) -> Iterator[Result]:
    """Whether the minute's schedule is on; whether Dagster runs, the looks tell."""
    host, port = patient.settings.dagster.host, patient.settings.dagster.port
    if dagster_missing(host, port) is not None:
        return
    if schedule_running(host, port, "minute") is False:
        mend = "Switch it on in Dagster's page, Automation, or: dagster schedule start minute"
        yield Result("schedule", "ill", "The schedule minute is off: nothing is processed.", mend)
    else:
        yield Result("schedule", "well", "The schedule minute is on.")


def warehouse(patient: Patient) -> Iterator[Result]:
    """Whether a program other than a run holds the warehouse file."""
    file = DataPaths(patient.settings.data_dir.absolute()).warehouse
    if not file.exists():
        yield Result("warehouse", "well", "There is none yet; the first run makes it.")
        return
    try:
        held = holder(file)
    except (OSError, NotImplementedError):
        told = f"It cannot be told who holds {file}."
        yield Result("warehouse", "note", told, "Nothing: a run that cannot have it says so.")
        return
    if held is None:
        yield Result("warehouse", "well", "No program has it open.")
    elif is_claimed(file.with_name(file.name + ".lock")):
        yield Result("warehouse", "well", "A run has it open.")
    else:
        named = f"Process {held}" if held else "A process that cannot be seen from here"
        mend = f"Close it there (ps {held or ''}); ask data/serving.duckdb instead, which is never locked."
        yield Result("warehouse", "ill", f"{named} has {file} open, and is no run: no run can write it.", mend)


def publication(patient: Patient) -> Iterator[Result]:
    """Whether the published copy is of late."""
    file = DataPaths(patient.settings.data_dir.absolute()).serving
    if not file.exists():
        mend = "It appears a minute or so after the first message; see in Dagster whether the minute runs."
        yield Result("published copy", "note", f"{file} does not exist yet.", mend)
        return
    at = datetime.fromtimestamp(file.stat().st_mtime, UTC)
    minutes = (patient.now - at).total_seconds() / 60
    told = f"It was published at {at:%Y-%m-%d %H:%M:%S} UTC, {minutes:.0f} minutes ago"
    if minutes > _LATE_RUNS * patient.settings.schedule.idle_minutes:
        mend = "See in Dagster why the minute does not run or fails; `iot-assets up` starts all of it."
        yield Result("published copy", "ill", f"{told}.", mend)
    else:
        yield Result("published copy", "well", f"{told}.")
