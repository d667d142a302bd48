"""``iot-assets formulas``: which are in force, what the library has, and trying one on what is published."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from iot_assets.cli.tables import print_rows
from iot_assets.formulas.formula import Formula, Resolution
from iot_assets.formulas.language import FormulaError
from iot_assets.formulas.library import LIBRARY
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.formulas import Within, given, tried
from iot_assets.serving.published import QuestionError
from iot_assets.settings import load_settings

_AT: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M:%S"])
_CONFIG: Final = click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")


@click.group()
def formulas() -> None:
    """Derived metrics: the formulas in force, the library, and trying a new one."""


@formulas.command("list")
@click.option("--library", is_flag=True, help="Those of the library instead, which `use` switches on.")
@_JSON
@_CONFIG
def list_formulas(config: Path | None, *, library: bool, as_json: bool) -> None:
    """List the formulas in force, and what the published tables have of each."""
    if library:
        print_rows([_of_library(use) for use in LIBRARY], as_json=as_json, empty="")
        return
    settings = load_settings(config)
    try:
        found = given(DataPaths(settings.data_dir))
    except QuestionError:  # nothing is published yet: the formulas are there all the same
        found = {}
    ready = [declared.ready() for declared in settings.formulas]
    print_rows([_in_force(one, found.get(one.fingerprint, {})) for one in ready], as_json=as_json, empty="no formulas")


@formulas.command("try")
@click.argument("formula")
@click.option("--resolution", type=click.Choice(["1h", "1d"]), default="1d", show_default=True, help="By hour or day.")
@click.option("--device", help="Only devices like this; * and ? are wildcards.")
@click.option("--from", "first", type=_AT, help="Only buckets at or after this instant (UTC).")
@click.option("--to", "last", type=_AT, help="Only buckets before this instant (UTC).")
@click.option(
    "--limit", default=20, show_default=True, type=click.IntRange(1), help="Lines of each table, the newest rows first."
)
@_JSON
@_CONFIG
def try_formula(
    formula: str,
    *,
    resolution: Resolution,
    device: str | None,
    first: datetime | None,
    last: datetime | None,
    limit: int,
    as_json: bool,
    config: Path | None,
) -> None:
    """Show what FORMULA gives on the published tables, and where it gives nothing. Nothing is kept.

    Example: iot-assets formulas try 'mean(Voltage) * mean(Current)' --from 2026-01-01
    """
    within = Within(resolution, device, *(at and at.replace(tzinfo=UTC) for at in (first, last)))
    try:
        found = tried(DataPaths(load_settings(config).data_dir), formula, within, limit=limit)
    except FormulaError as error:
        raise click.ClickException(f"the formula is wrong: {error}") from error
    rows = [{**row, "unit": found.unit} for row in found.rows]
    if as_json:
        print_rows([*rows, *found.missing, *({"remark": one} for one in found.remarks)], as_json=True, empty="")
        return
    print_rows(rows, as_json=False, empty="it gives nothing")
    if found.missing:
        click.echo("\nnothing comes out where:")
        print_rows([_told(row) for row in found.missing[:limit]], as_json=False, empty="")
        if (more := len(found.missing) - limit) > 0:
            click.echo(f"… and {more} more lines; --limit shows more, --device fewer")
    for remark in found.remarks:
        click.echo(f"\n{remark}")


def _in_force(one: Formula, found: dict[str, Any]) -> dict[str, Any]:
    patterns = {"kind": one.kinds, "site": one.sites, "device": one.devices}
    only = "; ".join(f"{what} {', '.join(listed)}" for what, listed in patterns.items() if listed)
    return {
        "name": one.name,
        "by": " ".join(one.resolutions),
        "unit": one.unit,
        "for": only or "all",
        "devices": found.get("devices", 0),
        "rows": found.get("rows", 0),
        "newest": found.get("newest_at"),
        "formula": one.text,
    }


def _of_library(use: str) -> dict[str, Any]:
    one = LIBRARY[use]
    return {
        "use": use,
        "name": one.name,
        "by": " ".join(one.resolutions),
        "unit": one.unit,
        "inputs": ", ".join(f"{name} = {metric} [{unit}]" for name, (metric, unit) in one.inputs.items()),
        "given": ", ".join(f"{name} = {number:g}" for name, number in one.given.items()),
        "what it is": one.description,
    }


def _told(row: dict[str, Any]) -> dict[str, Any]:
    why = [f"no {metric}" for metric in row["missing"]]
    why += [f"all readings of {metric} are excluded" for metric in row["excluded"]]
    return {
        "device_id": row["device_id"],
        "buckets": row["buckets"],
        "from": row["first_at"],
        "to": row["last_at"],
        "why": ", ".join(why) or "all inputs are there, but it gives no number",
    }
