"""The demo's device registry: what an installer would have written down about the fleet.

Belongs here: the file's shape and content. Does not: landing it (the lander does, on each change).
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

from iot_assets.demo.devices import PLACES, SENSOR_RANGE, STATIONS, Station
from iot_assets.errors import StorageError


def registry(seed: int) -> dict[str, Any]:
    """The registry of the fleet with this seed."""
    sensors = [
        _entry(f"Sensor {number}", place.lat, place.lng, SENSOR_RANGE, place.description)
        for number, place in enumerate(PLACES, start=1)
    ]
    stations = [
        _entry(station.device_id, station.lat, station.lon, (-50.0, 100.0), f"Weather station {station.number}")
        for station in (Station(number, seed) for number in range(1, STATIONS + 1))
    ]
    return {"sensors": sensors + stations}


def write_registry(path: Path, seed: int) -> None:
    """Write the file, unless it says the same already: a change is landed, and nothing has changed.

    Raises:
        StorageError: the disk refuses.
    """
    text = json.dumps(registry(seed), indent=2) + "\n"
    try:
        if path.exists() and path.read_text(encoding="utf-8") == text:
            return
        path.parent.mkdir(parents=True, exist_ok=True)
        unfinished = path.with_suffix(".tmp")
        unfinished.write_text(text, encoding="utf-8")
        unfinished.replace(path)  # the lander may be reading
    except OSError as error:
        raise StorageError("write the demo's registry", path, error) from error


def _entry(device_id: str, lat: float, lng: float, limits: tuple[float, float], description: str) -> dict[str, Any]:
    return {
        "id": device_id,
        "location": {"lat": round(lat, 6), "lng": round(lng, 6)},
        "type": "temperature",
        "unit": "C",
        "range": {"min": limits[0], "max": limits[1]},
        "description": description,
    }
