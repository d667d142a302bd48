"""Code versions: what makes an asset's rows, so that Dagster shows which assets are out of date by their code.

A version has two parts: a fingerprint of the code, made beforehand (``code_versions.json``, by ``docs/make.py``), and
one of the settings. Some settings are applied by the next run to all rows: rules, formulas. Code, routes and bounds of
decoding make only new rows, and old ones when their landed day is rebuilt; so ``ops.made_by`` keeps what the rows of
each day were made by, and a run reports the oldest that differs. Belongs here: versions. Does not: keeping them
(``warehouse/made_by.py``).
"""

import hashlib
import json
import sys
from collections.abc import Mapping
from functools import cache
from importlib import resources
from pathlib import Path
from typing import Final

import dagster as dg
import duckdb

from iot_assets.assets.specs import key_of
from iot_assets.decoders.own import OWN
from iot_assets.formulas.formula import fingerprint as of_formulas
from iot_assets.resources import formulas
from iot_assets.sections.rules import in_force
from iot_assets.settings import Settings
from iot_assets.warehouse import made_by
from iot_assets.warehouse.rules.stage import fingerprint as of_rules
from iot_assets.warehouse.tables import (
    DERIVED_1D,
    DERIVED_1H,
    DEVICE_EVENTS,
    DEVICE_STATUS,
    FORMULAS,
    LATEST,
    QUALITY_HOURLY,
    QUALITY_SCORE,
    READINGS_1D,
    READINGS_1H,
    READINGS_1MIN,
    RULE_HITS,
    TABLES,
    Table,
)

#: Part of the code → tables of gold whose rows it makes.
_GOLD: Final = {
    "rules": (RULE_HITS,),
    "rollups": (READINGS_1MIN, READINGS_1H, READINGS_1D),
    "latest": (LATEST,),
    "derived": (FORMULAS, DERIVED_1H, DERIVED_1D),
    "quality": (QUALITY_HOURLY, QUALITY_SCORE),
    "status": (DEVICE_STATUS, DEVICE_EVENTS),
}
_PART: Final[Mapping[str, str]] = {
    **{name: table.schema for name, table in TABLES.items() if table.schema in {"bronze", "silver"}},
    **{table.full_name: part for part, tables in _GOLD.items() for table in tables},
}
#: Made whole by every run, so that no day is behind.
_BY_RUN: Final = "status"
_HINT: Final = (
    "\n\nCode version: where the page says that it has changed, some rows were made by other code or other routes."
    " New rows are made by what holds now; the job `rebuild` makes those of a landed day anew. Changed rules and"
    " formulas hold for all rows after the next run."
)


@cache
def _code() -> Mapping[str, str]:
    text = resources.files("iot_assets.assets").joinpath("code_versions.json").read_text(encoding="utf-8")
    found: Mapping[str, str] = json.loads(text)
    return found


def parts(settings: Settings) -> dict[str, str]:
    """What makes the rows of a landed day, part by part."""
    decoding = [route.model_dump_json() for route in settings.routes] + [settings.decode.model_dump_json()]
    decoding += [_own(route.convention) for route in settings.routes if route.convention.startswith(OWN)]
    return {**_code(), "silver": f"{_code()['silver']}.{_short(decoding)}"}


def version_of(table: Table, settings: Settings) -> str | None:
    """The code version of a table; None where no code of ours alone makes its rows."""
    part = part_of(table)
    return None if part is None else parts(settings)[part] + _applied(part, settings)


def behind(connection: duckdb.DuckDBPyConnection, settings: Settings) -> dict[Table, made_by.Behind]:
    """Tables some of whose landed days were made by other code, with the version to report in place of the present."""
    found = made_by.behind(connection, {part: v for part, v in parts(settings).items() if part != _BY_RUN})
    return {
        TABLES[name]: made_by.Behind(found[part].version + _applied(part, settings), found[part].days)
        for name, part in _PART.items()
        if part in found
    }


def part_of(table: Table) -> str | None:
    """The part of the code that makes a table's rows, if it is one of those that have versions."""
    return _PART.get(table.full_name)


def with_versions(spec: dg.AssetSpec, settings: Settings) -> dg.AssetSpec:
    """The same asset with its code version, and how it is brought up to date."""
    table = _table(spec.key)
    if table is None or (version := version_of(table, settings)) is None:
        return spec
    hint = "" if _PART[table.full_name] == _BY_RUN else _HINT
    return spec.replace_attributes(code_version=version, description=f"{spec.description}{hint}")


def _table(key: dg.AssetKey) -> Table | None:
    return next((table for table in TABLES.values() if key_of(table) == key), None)


def _applied(part: str, settings: Settings) -> str:
    """A fingerprint of the settings that the next run applies to all rows."""
    rules, given = of_rules(in_force(settings.rules))[:8], of_formulas(formulas(settings))[:8]
    match part:
        case "rules" | "rollups":
            return f".{rules}"
        case "derived":
            return f".{rules}.{given}"
        case "quality":
            return "." + _short([settings.quality.weights.model_dump_json()])
        case "status":
            return "." + _short([settings.status.model_dump_json()])
    return ""


def _own(convention: str) -> str:
    """The source of a decoder of one's own."""
    module = sys.modules.get(convention.removeprefix(OWN).partition(":")[0])
    file = getattr(module, "__file__", None)
    return "" if file is None else hashlib.sha256(Path(file).read_bytes()).hexdigest()


def _short(texts: list[str]) -> str:
    return hashlib.sha256("\n".join(texts).encode()).hexdigest()[:8]
