"""``iot-assets doctor``: what could be wrong, each thing in a sentence, with what mends it."""

from __future__ import annotations

import dataclasses
import json
from collections.abc import Iterator
from datetime import UTC, datetime
from pathlib import Path
from typing import Final

import click

from iot_assets.errors import SettingsError
from iot_assets.health.doctor import examine
from iot_assets.health.examination import Result
from iot_assets.settings import load_settings

_MARKS: Final = {"well": ("✓", "green"), "note": ("!", "yellow"), "ill": ("✗", "red")}


@click.command()
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def doctor(*, as_json: bool, config: Path | None) -> None:
    """Examine settings, machine and parts, and say how to mend what is ill; exit code 1 when something is.

    It changes nothing, and can be run at any time, also while nothing runs.
    """
    counts = dict.fromkeys(_MARKS, 0)
    for result in _results(config):
        counts[result.verdict] += 1
        click.echo(json.dumps(dataclasses.asdict(result)) if as_json else _shown(result))
    if not as_json:
        click.echo(f"\n{counts['well']} well, {counts['note']} to know of, {counts['ill']} ill")
    if counts["ill"]:
        raise click.exceptions.Exit(1)


def _results(config: Path | None) -> Iterator[Result]:
    try:
        settings = load_settings(config)
    except SettingsError as error:
        for problem in error.problems:
            yield Result("settings", "ill", problem, "Mend it there; `iot-assets settings --example` shows every key.")
        return
    yield from examine(settings, datetime.now(UTC))


def _shown(result: Result) -> str:
    mark, colour = _MARKS[result.verdict]
    line = f"{click.style(mark, fg=colour)} {click.style(result.name, bold=True)}: {result.sentence}"
    return line if not result.mend else f"{line}\n    → {result.mend}"
