"""Pathway draining a broker, as a reference: JSON to columns, acknowledged once its persistence has them on disk.

    VENV/bin/python benchmarks/mqtt_pathway.py --port 1883 --messages 1000000 --state FOLDER --told FILE

Runs with a Python that has Pathway (``pip install pathway``), which this project does not need; ``lander.py --pathway
VENV/bin/python`` calls it. Resumes the session of the client id "drain" and tells the seconds from its start, imports
apart, until so many messages are counted. Its connector: https://pathway.com/developers/api-docs/pathway-io/mqtt
"""

from __future__ import annotations

import argparse
import logging
import os
import time
from pathlib import Path
from typing import Any

import pathway as pw


class Reading(pw.Schema):  # type: ignore[misc]  # Pathway is not here when types are checked
    """What a payload of ``mqtt_load.py`` has in it."""

    device_id: str
    timestamp: float
    count: int


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--port", type=int, required=True)
    parser.add_argument("--messages", type=int, required=True)
    parser.add_argument("--state", type=Path, required=True, help="a folder for what it persists")
    parser.add_argument("--told", type=Path, required=True, help="a file for the seconds")
    arguments = parser.parse_args()
    logging.disable(logging.INFO)  # else a line for each acknowledgement
    began = time.monotonic()

    def on_change(row: dict[str, Any], **_: object) -> None:
        if row["n"] >= arguments.messages:
            tell()

    def tell() -> None:
        arguments.told.write_text(str(time.monotonic() - began))
        os._exit(0)  # a stream has no end of its own

    if not arguments.messages:
        tell()
    readings = pw.io.mqtt.read(
        f"mqtt://127.0.0.1:{arguments.port}/?client_id=drain",
        "telemetry/#",
        qos=1,
        schema=Reading,
        format="json",
        autocommit_duration_ms=100,
        name="drain",
    )
    pw.io.subscribe(readings.reduce(n=pw.reducers.count()), on_change=on_change)
    backend = pw.persistence.Backend.filesystem(str(arguments.state))
    pw.run(
        monitoring_level=pw.MonitoringLevel.NONE,
        persistence_config=pw.persistence.Config(backend, snapshot_interval_ms=100),
    )


if __name__ == "__main__":
    main()
