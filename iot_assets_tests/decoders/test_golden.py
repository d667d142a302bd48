"""Golden cases: a folder a case, ``golden/<convention>/<case>/``, all run by one loop.

``topic`` and ``payload`` hold the bytes as they are; ``case.json``, where there is one, says ``options`` (then a route
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
    topic = (case / "topic").read_text().rstrip("\n")
    routes = [Route(said.get("pattern", topic), case.parent.name, said["options"])] if "options" in said else []
    result = decoded(
        [(topic, (case / "payload").read_bytes())],
        *routes,
        received_at=datetime.fromisoformat(said["received_at"]) if "received_at" in said else NOW,
        bounds=Bounds(**said.get("bounds", {})),
    )
    assert result.outcomes["decoder"].to_pylist() == [case.parent.name]
    found = []
    for reading in readings(result):
        told = {name: value for name, value in reading.items() if value is not None and name not in {"row", "position"}}
        found.append({**told, "event_at": reading["event_at"].isoformat()})
    rejected = [{"reason": r["reason"], "detail": r["detail"]} for r in result.rejects.to_pylist()]
    shown = {"readings": found, "reject": rejected[0] if rejected else None}
    if (status := result.outcomes["status"][0].as_py()) in {HELD, NOT_TELEMETRY}:
        shown["outcome"] = status
    for name, table in (("announcements", result.announcements), ("announced_metrics", result.announced_metrics)):
        if rows := [{k: v for k, v in row.items() if v is not None and k != "row"} for row in table.to_pylist()]:
            shown[name] = json.loads(json.dumps(rows, default=datetime.isoformat))
    return shown


@pytest.mark.parametrize("case", CASES, ids=lambda case: f"{case.parent.name}/{case.name}")
def test_each_golden_case_decodes_to_what_it_says(case: Path) -> None:
    assert outcome(case) == json.loads((case / "expected.json").read_text())


def test_each_convention_has_golden_cases() -> None:
    assert {case.parent.name for case in CASES} == set(CONVENTIONS)
