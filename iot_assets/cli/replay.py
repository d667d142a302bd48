"""``iot-assets replay``: decode rejects again after a fix."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import click

from iot_assets.cli.jobs import run_job
from iot_assets.cli.rejects import choose, filters


@click.command()
@filters
@click.option("--id", "message_id", type=click.UUID, help="Only this message.")
def replay(config: Path | None, **chosen: Any) -> None:
    """Decode rejects again, as a run of the Dagster job `replay`.

    What can be decoded now becomes readings, and gold is healed; what cannot stays, its attempts counted. Run it as
    often as you like: nothing is there twice.
    """
    choice = choose(**chosen)
    wanted = {
        "reason": choice.reason,
        "topic": choice.topic,
        "source": choice.source,
        "received_from": choice.first.isoformat() if choice.first else None,
        "received_to": choice.last.isoformat() if choice.last else None,
        "message_id": choice.message_id,
    }
    given = {name: value for name, value in wanted.items() if value is not None}
    for line in run_job(
        "replay", config, doing="the replay", run_config={"ops": {"replay_rejects": {"config": given}}}
    ):
        click.echo(line)
