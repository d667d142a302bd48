"""Formulas asked of the published copy: what one would give, where it gives nothing, what those in force have given.

Belongs here: trying and finding. Does not: what a formula says (``formulas``), its tables (``warehouse/derived.py``).
"""

from __future__ import annotations

import difflib
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Any

from iot_assets.formulas.formula import Formula, Resolution, made
from iot_assets.formulas.language import FormulaError, metrics_of, parse
from iot_assets.serving.published import ask, published
from iot_assets.warehouse.connection import rows as rows_of
from iot_assets.warehouse.ddl import literal
from iot_assets.warehouse.derived import values
from iot_assets.warehouse.spans import instant

if TYPE_CHECKING:
    from iot_assets.lake.paths import DataPaths


@dataclass(frozen=True, slots=True)
class Within:
    """Which buckets are looked at."""

    resolution: Resolution
    device: str | None = None
    first: datetime | None = None
    last: datetime | None = None

    @property
    def rows(self) -> str:
        """A query for the rollup's rows."""
        conditions = ["true"]
        if self.device is not None:
            conditions.append(f"device_id glob {literal(self.device.replace('[', '[[]'))}")
        if self.first is not None:
            conditions.append(f"bucket_at >= {instant(self.first)}")
        if self.last is not None:
            conditions.append(f"bucket_at < {instant(self.last)}")
        return f"select * from gold.readings_{self.resolution} where {' and '.join(conditions)}"


@dataclass(frozen=True, slots=True)
class Tried:
    """What a formula gives, the newest first, and where it gives nothing; ``remarks`` are sentences."""

    unit: str | None
    rows: list[dict[str, Any]]
    missing: list[dict[str, Any]]
    remarks: list[str]


def tried(paths: DataPaths, text: str, within: Within, *, limit: int) -> Tried:
    """Try a formula on the published rollups; nothing is kept.

    Args:
        paths: where the data are.
        text: the formula.
        within: which buckets.
        limit: rows at most.

    Raises:
        FormulaError: the formula is wrong.
        QuestionError: nothing is published yet.
    """
    metrics = metrics_of(parse(text))
    with published(paths) as connection:
        units = {row["metric"]: row["unit"] for row in ask(connection, "formulas/units", {})}
        formula, remarks = _made(text, within.resolution, {m: u for m in metrics if (u := units.get(m))})
        remarks = [_unknown(metric, units) for metric in metrics if metric not in units] + remarks
        content = values([formula], within.resolution, within.rows)
        found = rows_of(
            connection,
            f"select device_id, bucket_at, value, n from ({content}) order by bucket_at desc, device_id limit {limit}",
        )
        missing = ask(connection, "formulas/missing", {"metrics": list(metrics)}, rows=within.rows, made=content)
        return Tried(formula.unit, found, missing, remarks)


def given(paths: DataPaths) -> dict[str, dict[str, Any]]:
    """What formulas have given: fingerprint → devices, rows, newest_at.

    Raises:
        QuestionError: nothing is published yet.
    """
    with published(paths) as connection:
        return {row.pop("fingerprint"): row for row in ask(connection, "formulas/newest", {})}


def _made(text: str, resolution: Resolution, units: Mapping[str, str]) -> tuple[Formula, list[str]]:
    """The formula, and what its metrics' units say against it."""

    def one(known: Mapping[str, str]) -> Formula:
        return made(
            name="the formula", text=text, parts={}, resolutions=(resolution,), unit=None, units=known, description=None
        )

    try:
        return one(units), []
    except FormulaError as error:
        return one({}), [f"as to units: {error}"]


def _unknown(metric: str, known: Mapping[str, object]) -> str:
    near = difflib.get_close_matches(metric, known, n=1, cutoff=0.5)
    return f"no device has sent {metric}" + (f"; did you mean {near[0]}?" if near else "")
