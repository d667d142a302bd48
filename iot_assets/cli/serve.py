"""``iot-assets serve``: the REST API and the dashboard."""

from __future__ import annotations

import contextlib
import logging
from pathlib import Path

import click

from iot_assets.ops.probes import page_address
from iot_assets.settings import load_settings


@click.command()
@click.option("--host", help="Address to listen on [default: server.host].")
@click.option(
    "--port", type=click.IntRange(0, 65535), help="Port to listen on, 0 for any free one [default: server.port]."
)
@click.option("--config", type=click.Path(path_type=Path), help="Settings file [default: iot.toml].")
def serve(host: str | None, port: int | None, config: Path | None) -> None:
    """Show the dashboard and answer questions over HTTP; /docs describes the API.

    Reads data/serving.duckdb and the lake only. Beyond loopback an API key is asked for: `iot-assets keys make`.
    """
    import uvicorn  # noqa: PLC0415 - half a second that --help need not wait for

    from iot_assets.serving.api.app import api  # noqa: PLC0415 - as above
    from iot_assets.serving.dashboard.mount import add_dashboard  # noqa: PLC0415 - as above

    settings = load_settings(config)
    given = {name: value for name, value in (("host", host), ("port", port)) if value is not None}
    server = settings.server.model_copy(update=given)
    settings = settings.model_copy(update={"server": server})
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    logging.getLogger("httpx").setLevel(logging.WARNING)
    app = api(settings)
    add_dashboard(app, settings)
    # Bound before it is named: with port 0 only then it is known which one it is.
    configured = uvicorn.Config(
        app, host=server.host, port=server.port, log_config=None, access_log=False, server_header=False,
        timeout_graceful_shutdown=5,
    )  # fmt: skip
    bound = configured.bind_socket()
    address = page_address(server.host, bound.getsockname()[1])
    click.echo(f"{address}/ is the dashboard, {address}/docs shows what can be asked", err=True)
    with contextlib.suppress(KeyboardInterrupt):
        uvicorn.Server(configured).run(sockets=[bound])
