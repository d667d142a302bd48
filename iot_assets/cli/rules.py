"""``iot-assets rules``: which rules readings keep to, and what others would find in the past."""

from __future__ import annotations

import tomllib
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, Final

import click
from pydantic import TypeAdapter, ValidationError

from iot_assets.cli.jobs import run_job
from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.sections.rules import DEFAULT, Rule, fault, in_force
from iot_assets.serving.rule_trial import Past, try_rules
from iot_assets.settings import load_settings

_CONFIG: Final = click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
_JSON: Final = click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
_TIME: Final = click.DateTime(["%Y-%m-%d", "%Y-%m-%dT%H:%M", "%Y-%m-%dT%H:%M:%S"])
#: What every rule has; the rest are its parameters.
_COMMON: Final = frozenset({"name", "kind", "metrics", "devices", "units", "action", "enabled"})


@click.group()
def rules() -> None:
    """List the rules that readings keep to, and try others on the past before they are switched on."""


@rules.command("list")
@_CONFIG
@_JSON
def list_rules(config: Path | None, *, as_json: bool) -> None:
    """List all rules, built in and declared, also those that are switched off."""
    declared = load_settings(config).rules
    named = {rule.name: rule for rule in (*DEFAULT, *declared)}
    mine = {rule.name for rule in declared}
    rows = [told(rule, "settings" if name in mine else "built in") for name, rule in sorted(named.items())]
    print_rows(rows, as_json=as_json, empty="no rules")


@rules.command("try")
@click.option("--rule", "file", type=click.Path(path_type=Path, exists=True), help="TOML file of proposed [[rules]].")
@click.option("--name", "names", multiple=True, help="Only rules of this name; repeat for several.")
@click.option("--from", "first", type=_TIME, help="First event time (UTC) [default: seven days ago].")
@click.option("--to", "last", type=_TIME, help="Last event time (UTC) [default: now].")
@click.option("--device", default="*", help="Only devices like this; * and ? are wildcards.")
@click.option("--metric", default="*", help="Only metrics like this.")
@_CONFIG
@_JSON
def try_them(
    *,
    file: Path | None,
    names: tuple[str, ...],
    first: datetime | None,
    last: datetime | None,
    device: str,
    metric: str,
    config: Path | None,
    as_json: bool,
) -> None:
    """Tell what rules would find in the readings of the past, without writing anything.

    Without --rule those of the settings are tried. Of each: the readings that it judges, its hits and on how many
    devices, on how many days of a series, how far the mean of such a day would move without them, and the worst ones.

    Example: iot-assets rules try --rule proposed.toml --from 2026-11-01 --metric "*temperature"
    """
    settings = load_settings(config)
    chosen = _proposed(file) if file is not None else in_force(settings.rules)
    if names:
        chosen = tuple(rule for rule in chosen if rule.name in names)
    if not chosen:
        raise click.UsageError("no rule of that name; `iot-assets rules list` lists them")
    now = datetime.now(UTC)
    past = Past(_utc(first) or now - timedelta(days=7), _utc(last) or now, device, metric)
    found = try_rules(DataPaths(settings.data_dir), chosen, past)
    print_rows([row if as_json else _summed(row) for row in found], as_json=as_json, empty="no rules")
    worst = [example for row in found for example in row["worst"]]
    if worst and not as_json:
        click.echo("\nThe worst:")
        print_rows(worst, as_json=False, empty="")


@rules.command()
@_CONFIG
def rejudge(config: Path | None) -> None:
    """Judge all readings anew by the rules in force, as a run of the Dagster job `rejudge`.

    After a change of rules the minutes' runs do that by themselves, some days at a time; this does it at once.
    """
    for line in run_job("rejudge", config, doing="judging"):
        click.echo(line)


def _proposed(file: Path) -> tuple[Rule, ...]:
    try:
        tree = tomllib.loads(file.read_text(encoding="utf-8"))
        proposed = TypeAdapter(tuple[Rule, ...]).validate_python(tuple(tree.get("rules", ())))
    except tomllib.TOMLDecodeError as error:
        raise click.ClickException(f"{file} is not TOML: {error}") from error
    except ValidationError as error:
        told = "; ".join(f"{'.'.join(map(str, one['loc']))}: {one['msg']}" for one in error.errors())
        raise click.ClickException(f"{file}: {told}") from error
    if problem := fault(proposed):
        raise click.ClickException(f"{file}: {problem}")
    return proposed


def told(rule: Rule, origin: str) -> dict[str, Any]:
    """A rule as the list and the docs show it."""
    parameters = {k: v for k, v in rule.model_dump(exclude=set(_COMMON)).items() if v not in (None, ())}
    return {
        "rule": rule.name,
        "kind": rule.kind,
        "action": rule.action if rule.enabled else "off",
        "metrics": ", ".join(rule.metrics),
        "devices": ", ".join(rule.devices),
        "units": ", ".join(unit or "none" for unit in rule.units),
        "parameters": ", ".join(f"{name} {_plain(value)}" for name, value in parameters.items()),
        "from": origin,
    }


def _plain(value: Any) -> str:
    return "/".join(f"{one:g}" for one in value) if isinstance(value, tuple) else f"{value:.6g}"


def _summed(row: dict[str, Any]) -> dict[str, Any]:
    share, moved = row.pop("share"), row.pop("moves_mean_by")
    shown = {name: value for name, value in row.items() if name != "worst"}
    return {**shown, "share": f"{share:.3%}" if share else "", "moves mean by": f"{moved:.4g}" if moved else ""}


def _utc(at: datetime | None) -> datetime | None:
    return None if at is None else at.replace(tzinfo=UTC)
