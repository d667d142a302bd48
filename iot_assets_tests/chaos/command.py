"""The command: ``python -m iot_assets_tests.chaos --seed N --episodes M [--kind KIND]… [--report FILE]``.

Belongs here: choosing, playing, telling. Does not: any fault.
"""

from __future__ import annotations

import signal
import sys
import tempfile
from pathlib import Path
from typing import Final

import click

from iot_assets_tests.chaos.faults import KINDS
from iot_assets_tests.chaos.ledger import Ledger
from iot_assets_tests.chaos.troubles import TROUBLES


@click.command()
@click.option("--seed", type=int, default=1, show_default=True, help="Chance, such that it can be had again.")
@click.option("--episodes", type=int, default=1, show_default=True, help="How many of each kind.")
@click.option("--first", type=int, default=0, show_default=True, help="The number of the first episode.")
@click.option("--kind", "kinds", type=click.Choice(list(KINDS)), multiple=True, help="Of this kind only; repeatable.")
@click.option(
    "--report", type=click.Path(path_type=Path, dir_okay=False), help="Write counts and failures to this file."
)
@click.option("--list", "listing", is_flag=True, help="Only say what is injected and what must follow.")
def main(seed: int, episodes: int, first: int, kinds: tuple[str, ...], report: Path | None, *, listing: bool) -> None:
    """Inject faults into a platform of its own, and judge after each whether what was acknowledged is still there."""
    chosen = {name: kind for name, kind in KINDS.items() if name in kinds or not kinds}
    if listing:
        for name, kind in chosen.items():
            click.echo(f"{name}\n  does: {kind.does}\n  must follow: {kind.must_follow}")
        for name, trouble in TROUBLES.items():
            click.echo(f"  {name}{trouble.reported and f' (reported: {trouble.reported})'}")
        return
    # Told to end, it leaves no process, no mount and no folder behind.
    signal.signal(signal.SIGTERM, lambda *_: sys.exit(128 + signal.SIGTERM))
    ledger = Ledger(seed)
    for number in range(first, first + episodes):
        for name, kind in chosen.items():
            with tempfile.TemporaryDirectory(prefix="chaos-", dir=_fast_folder(), ignore_cleanup_errors=True) as folder:
                failures = ledger.play(name, kind.episode, number, Path(folder))
            for failure in failures[:5]:
                click.echo(
                    f"FAILED {name}, seed {seed}, episode {number}: {failure.fault}: {failure.problem}", err=True
                )
            if report is not None:
                ledger.write(report)
    for fault, count in sorted(ledger.faults.items()):
        click.echo(f"{count:7}  {fault}")
    click.echo(f"{ledger.faults.total():7}  faults, {len(ledger.failures)} failures, seed {seed}")
    sys.exit(bool(ledger.failures))


#: Where files need no disk: nothing here is to outlive the machine.
_MEMORY: Final = Path("/dev/shm")


def _fast_folder() -> Path | None:
    return _MEMORY if _MEMORY.is_dir() else None
