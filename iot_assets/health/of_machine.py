"""Examinations of the machine: files and who may read them, disk, clock, programs, ports.

Belongs here: what the operating system knows. Does not: what the platform's parts say (``of_parts``).
"""

from __future__ import annotations

import ctypes
import importlib.metadata
import os
import sys
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Final

from iot_assets.health.examination import Result
from iot_assets.lake.paths import DataPaths
from iot_assets.landing.status import lander_running
from iot_assets.ops.probes import dagster_missing, port_missing, server_missing

if TYPE_CHECKING:
    from iot_assets.health.examination import Patient

#: Files may be dated so far ahead of the clock before it counts.
_AHEAD_SECONDS: Final = 120.0
#: What ntp_adjtime answers where nothing keeps the clock.
_UNKEPT: Final = 5


def folder(patient: Patient) -> Iterator[Result]:
    """Whether the data folder can be written, and all in it is of one owner."""
    root = DataPaths(patient.settings.data_dir.absolute()).root
    if not root.exists():
        mend = "It is made by the first start of a part; or mend data_dir (IOT_DATA_DIR) if it should be elsewhere."
        yield Result("data folder", "note", f"{root} does not exist yet.", mend)
        return
    try:
        with tempfile.TemporaryFile(dir=root):
            pass
    except OSError as error:
        mend = f"Run this as the user who runs the platform, or give it to you: chown -R {os.getuid()} {root}"
        yield Result("data folder", "ill", f"{root} cannot be written: {error.strerror}.", mend)
        return
    owners = {path: path.lstat().st_uid for path in [root, *root.iterdir()]}
    if strangers := [path.name for path, owner in owners.items() if owner != owners[root]]:
        told = f"In {root}, {', '.join(strangers[:5])} belong to another user than the folder."
        mend = f"Run all parts as one user, then: chown -R {owners[root]} {root}"
        yield Result("data folder", "ill", told, mend)
        return
    yield Result("data folder", "well", f"{root} can be written, and all in it is of one user.")


def secrets(patient: Patient) -> Iterator[Result]:
    """Whether files with secrets are there, and only their owner can read them."""
    settings = patient.settings
    named = [settings.mqtt.password_file, settings.mqtt.tls.key_file, settings.server.keys_file]
    for channel in settings.alerts.channels:
        named += [channel.url_file, channel.token_file, channel.password_file]
    files = [file for file in named if file is not None]
    for file in files:
        try:
            mode = file.stat().st_mode
        except OSError as error:
            told = f"{file} cannot be read: {error.strerror}."
            yield Result("secrets", "ill", told, "Put it there, or change the setting that names it.")
            continue
        if mode & 0o077:
            yield Result("secrets", "note", f"Others than its owner may read {file}.", f"chmod 600 {file}")
        else:
            yield Result("secrets", "well", f"Only its owner can read {file}.")


def clock(patient: Patient) -> Iterator[Result]:
    """Whether somebody keeps the clock, and it has not gone back behind our own files."""
    paths = DataPaths(patient.settings.data_dir.absolute())
    files = [paths.serving, paths.warehouse, paths.alerts]
    dated = max((file.stat().st_mtime for file in files if file.exists()), default=0.0)
    ahead = dated - patient.now.timestamp()
    if ahead > _AHEAD_SECONDS:
        told = f"The clock is {ahead:.0f} s behind our own newest file: it has been set back."
        yield Result("clock", "ill", told, "Set it right and let NTP keep it (timedatectl set-ntp true).")
    elif _clock_state() == _UNKEPT:
        told = "The system does not know its clock to be synchronised."
        mend = "Let NTP keep it (timedatectl set-ntp true); in a container this is the host's affair."
        yield Result("clock", "note", told, mend)
    else:
        yield Result("clock", "well", f"The clock says {patient.now:%Y-%m-%d %H:%M:%S} UTC.")


def _clock_state() -> int:
    """What ntp_adjtime answers, which changes nothing where the first field of its argument is 0."""
    if sys.platform != "linux":
        return 0
    return int(ctypes.CDLL(None).ntp_adjtime(ctypes.create_string_buffer(512)))


def versions(patient: Patient) -> Iterator[Result]:
    """Whether DuckDB's two halves fit together."""
    del patient
    found = {name: importlib.metadata.version(name) for name in ("iot-assets", "dagster", "duckdb")}
    told = ", ".join(f"{name} {version}" for name, version in found.items())
    try:
        program = importlib.metadata.version("duckdb-cli")
    except importlib.metadata.PackageNotFoundError:
        mend = f"{Path(sys.executable).parent / 'pip'} install duckdb-cli=={found['duckdb']}"
        yield Result("versions", "note", f"{told}; the program duckdb is not installed.", mend)
        return
    if program.split(".")[:2] != found["duckdb"].split(".")[:2]:
        told += f", but the program duckdb is {program}: it may not read what this version writes."
        yield Result("versions", "note", told, f"pip install duckdb-cli=={found['duckdb']}")
        return
    yield Result("versions", "well", f"Python {sys.version.split()[0]}, {told}.")


def ports(patient: Patient) -> Iterator[Result]:
    """Whether a stranger listens where one of our parts would."""
    settings = patient.settings
    paths = DataPaths(settings.data_dir.absolute())
    dagster, http, server = settings.dagster, settings.http, settings.server
    ours = [(dagster.host, dagster.port, "dagster.port", dagster_missing(dagster.host, dagster.port) is None)]
    if http.port:
        ours.append((http.host, http.port, "http.port", lander_running(paths, settings.lander.name)))
    if server.port:
        ours.append((server.host, server.port, "server.port", server_missing(server.host, server.port) is None))
    for host, port, setting, runs in ours:
        taken = port_missing(host, port) is None
        if taken and not runs:
            told = f"Something listens on {host} port {port} that is no part of this platform, or one that is ill."
            mend = f"Find out what (ss -ltnp 'sport = :{port}') and stop it, or choose another {setting}."
            yield Result("ports", "ill", told, mend)
        else:
            yield Result("ports", "well", f"Port {port} ({setting}) is {'ours' if taken else 'free'}.")
