"""``iot-assets trace``: from a figure, a correction or a reject back to the messages behind it."""

from __future__ import annotations

from datetime import UTC, datetime
from pathlib import Path
from typing import Any, Final

import click

from iot_assets.cli.tables import print_rows
from iot_assets.lake.paths import DataPaths
from iot_assets.serving.trace import TRACEABLE, Figure, trace_reject
from iot_assets.serving.trace import trace as trace_figure
from iot_assets.settings import load_settings

_REJECTS: Final = "silver.rejects"
#: Bytes of a payload that a person is shown.
_SHOWN: Final = 120


@click.command()
@click.argument("table", type=click.Choice([*TRACEABLE, _REJECTS]))
@click.option("--device", help="The device.")
@click.option("--metric", help="The metric.")
@click.option("--at", "at", help="An instant in the figure's bucket, ISO 8601; UTC where it names no zone.")
@click.option("--id", "message_id", type=click.UUID, help="The message, for silver.rejects.")
@click.option("--limit", default=1000, show_default=True, help="Readings at most.")
@click.option("--json", "as_json", is_flag=True, help="One JSON object a line, payloads whole.")
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def trace(
    table: str,
    *,
    device: str | None,
    metric: str | None,
    at: str | None,
    message_id: object,
    limit: int,
    config: Path | None,
    as_json: bool,
) -> None:
    """List the readings behind a figure, and of each the raw message: topic, payload, file and row.

    Example: iot-assets trace gold.readings_1h --device device_001 --metric temperature --at 2026-11-20T14:00:00Z
    """
    paths = DataPaths(load_settings(config).data_dir)
    if table == _REJECTS:
        if message_id is None:
            raise click.UsageError("silver.rejects wants --id; `iot-assets rejects show` lists ids")
        rows = trace_reject(paths, str(message_id))
    else:
        if device is None or metric is None or (at is None and table != "gold.latest"):
            raise click.UsageError(f"{table} wants --device, --metric and --at")
        rows = trace_figure(paths, Figure(table, device, metric, _instant(at) if at else None), limit)
    print_rows([_shown(row, whole=as_json) for row in rows], as_json=as_json, empty="nothing")


def _instant(text: str) -> datetime:
    try:
        at = datetime.fromisoformat(text)
    except ValueError as error:
        raise click.UsageError(f"--at {text!r} is no instant such as 2026-11-20T14:00:00Z") from error
    return at if at.tzinfo else at.replace(tzinfo=UTC)


def _shown(row: dict[str, Any], *, whole: bool) -> dict[str, Any]:
    payload = row["payload"]
    if payload is None:
        return row
    text = payload.decode(errors="backslashreplace")
    return {**row, "payload": text if whole or len(text) <= _SHOWN else text[: _SHOWN - 1] + "…"}
