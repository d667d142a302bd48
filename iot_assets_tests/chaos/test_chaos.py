"""A slice of the chaos: some faults of each kind, always the same, and none of them does harm.

The whole is ``python -m iot_assets_tests.chaos`` (docs/faults.md).
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Final

import pytest

from iot_assets_tests.chaos.faults import KINDS
from iot_assets_tests.chaos.ledger import chance_of

if TYPE_CHECKING:
    from pathlib import Path

#: How many faults of a kind are cheap enough for an ordinary run.
SLICE: Final = {
    "crash": 80,
    "crash twice": 60,
    "refuse": 40,
    "tear": 60,
    "change": 60,
    "landed": 60,
    "clock": 30,
    "statement": 2,
}


@pytest.mark.parametrize("kind", SLICE)
def test_no_fault_does_harm(kind: str, tmp_path: Path) -> None:
    outcomes = list(itertools.islice(KINDS[kind].episode(chance_of(1, kind, 0), tmp_path), SLICE[kind]))
    assert len(outcomes) >= SLICE[kind] // 2
    assert [f"{o.fault}: {o.problem}" for o in outcomes if o.problem is not None] == []
