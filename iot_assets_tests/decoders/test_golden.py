"""Golden cases: a folder a case, ``golden/<convention>/<case>/``, all run by one loop.

``topic`` and ``payload`` hold the bytes as they are, folders in ``before`` those of messages that came before it;
``case.json``, where there is one, says ``options`` (then a route
for just this topic is made of them; ``pattern`` names another one), ``received_at`` and ``bounds``; ``expected.json``
the readings in the order of the text, without what is null, and the reject; also the outcome, where it is neither of
these, and what devices announce of themselves, where they do.
"""

from __future__ import annotations

import json
from datetime import datetime
from pathlib import Path
from typing import Any

import pytest

from iot_assets.decoders.conventions import CONVENTIONS
from iot_assets.decoders.decoded import HELD, NOT_TELEMETRY, Bounds
from iot_assets.decoders.routes import Route
from iot_assets_tests.decoders.batches import NOW, decoded, readings

GOLDEN = Path(__file__).parent / "golden"
CASES = sorted(path.parent for path in GOLDEN.glob("*/*/payload"))


def outcome(case: Path) -> dict[str, Any]:
    """What decoding the case gives, in the shape of ``expected.json``."""
    said = json.loads((case / "case.json").read_text()) if (case / "case.json").exists() else {}
    topic, payload = _message(case)
    routes = [Route(said.get("pattern", topic), case.parent.name, said["options"])] if "options" in said else []
    before = [_message(folder) for folder in sorted((case / "before").glob("*"), key=lambda folder: int(folder.name))]
    result = decoded(
        [*before, (topic, payload)],
        *routes,
        received_at=datetime.fromisoformat(said["received_at"]) if "received_at" in said else NOW,
        bounds=Bounds(**said.get("bounds", {})),
    )
    row = len(before)
    assert result.outcomes["decoder"][row].as_py() == case.parent.name
    found = []
    for reading in readings(result, row):
        told = {name: value for name, value in reading.items() if value is not None and name not in {"row", "position"}}
        found.append({**told, "event_at": reading["event_at"].isoformat()})
    rejected = [{"reason": r["reason"], "detail": r["detail"]} for r in result.rejects.to_pylist() if r["row"] == row]
    shown = {"readings": found, "reject": rejected[0] if rejected else None}
    if (status := result.outcomes["status"][row].as_py()) in {HELD, NOT_TELEMETRY}:
        shown["outcome"] = status
    for name, table in (("announcements", result.announcements), ("announced_metrics", result.announced_metrics)):
        said_here = [said for said in table.to_pylist() if said.pop("row") == row]
        if rows := [{k: v for k, v in said.items() if v is not None} for said in said_here]:
            shown[name] = json.loads(json.dumps(rows, default=datetime.isoformat))
    return shown


def _message(folder: Path) -> tuple[str, bytes]:
    return (folder / "topic").read_text().rstrip("\n"), (folder / "payload").read_bytes()


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_each_golden_case_decodes_to_what_it_says(case: Path) -> None:
    assert outcome(case) == json.loads((case / "expected.json").read_text())


def test_each_convention_has_golden_cases() -> None:
    assert {case.parent.name for case in CASES} == set(CONVENTIONS)
