"""``iot-assets up`` and ``iot-assets demo``: which parts a platform has, and where to look once they are up.

Belongs here: the table of parts, put together from settings. Does not: running them (``ops``), the outside world of
the demo (``demo``).
"""

from __future__ import annotations

import os
import sys
from functools import partial
from pathlib import Path
from typing import Final

import click

from iot_assets.alerts.causes import refuse_unknown
from iot_assets.alerts.channels.log import LogWatch
from iot_assets.decoders.routes import RouteTable
from iot_assets.demo.fleet import CONVENTIONS, DEVICES, status_path
from iot_assets.demo.mosquitto import find_mosquitto, prepare_mosquitto
from iot_assets.demo.overrides import BROKER_HOST, demo_environment, demo_settings
from iot_assets.demo.registry import write_registry
from iot_assets.errors import SettingsError
from iot_assets.lake.paths import DataPaths
from iot_assets.ops.claims import check_ports, claim_folder
from iot_assets.ops.dagster_home import VARIABLE, dagster_home
from iot_assets.ops.narrator import Narrator
from iot_assets.ops.parts import NeededPort, Part
from iot_assets.ops.probes import (
    dagster_busy,
    dagster_missing,
    fleet_missing,
    lander_missing,
    page_address,
    port_missing,
    watcher_missing,
)
from iot_assets.ops.published import GoldWatch
from iot_assets.ops.supervisor import Supervisor
from iot_assets.settings import CONFIG_VARIABLE, Settings, load_settings

_WORKSPACE: Final = "workspace.yaml"
_INTAKE_PORT: Final = 8080
_EXAMPLE_QUERY: Final = "select * from gold.latest order by device_id, metric"


_config_option = click.option("--config", type=click.Path(path_type=Path), help="Settings file, instead of iot.toml.")


@click.command()
@_config_option
def up(config: Path | None) -> None:
    """Run the lander, Dagster and the server against the broker in the settings, until Ctrl-C."""
    settings = _load(config)
    paths = DataPaths(settings.data_dir.absolute())
    environment = dict(os.environ) | _told(settings, paths, config)
    with claim_folder(paths.root):
        check_ports(_ports(settings))
        parts = [
            _lander(settings, paths, environment),
            *_dagster(settings, paths, environment),
            *_server(settings, environment),
            *_watcher(settings, paths, environment),
        ]
        _run(settings, paths, parts)


@click.command()
@_config_option
@click.option(
    "--broker",
    type=click.Choice(["auto", "mosquitto", "own"]),
    default="auto",
    show_default=True,
    help="Which broker: mosquitto, the small one of our own, or mosquitto where it is installed.",
)
def demo(config: Path | None, broker: str) -> None:
    """Run the whole platform on this machine: broker, simulated fleet, lander, Dagster and server, until Ctrl-C."""
    given = _load(config)
    paths = DataPaths(given.data_dir.absolute())
    folder = paths.root / "demo"
    settings = demo_settings(given, folder / "registry.json")
    environment = demo_environment(settings, os.environ) | _told(settings, paths, config)
    with claim_folder(paths.root):
        check_ports([NeededPort(BROKER_HOST, settings.demo.broker_port, "demo.broker_port"), *_ports(settings)])
        write_registry(folder / "registry.json", settings.demo.seed)
        parts = [
            _broker(settings, folder, environment, which=broker),
            _lander(settings, paths, environment),
            _fleet(settings, paths, environment),
            *_dagster(settings, paths, environment),
            *_server(settings, environment),
            *_watcher(settings, paths, environment),
        ]
        _run(settings, paths, parts)


def _load(config: Path | None) -> Settings:
    """The settings, where there is a project to run with them; with the intake on, unless they say on which port.

    Raises:
        SettingsError: a setting is wrong, or the current folder is not the project's.
    """
    if not Path(_WORKSPACE).exists():
        raise SettingsError([f"there is no {_WORKSPACE} in {Path.cwd()}: run this in the project's folder"])
    settings = load_settings(config)
    RouteTable(settings.routes)  # a wrong one is told before anything starts
    refuse_unknown(settings.alerts)
    if settings.http.port is not None:
        return settings
    return settings.model_copy(update={"http": settings.http.model_copy(update={"port": _INTAKE_PORT})})


def _told(settings: Settings, paths: DataPaths, config: Path | None) -> dict[str, str]:
    """What every part is told by its environment, so that all read the same settings and use the same folder."""
    told = {"IOT_DATA_DIR": str(paths.root), "IOT_HTTP__PORT": str(settings.http.port)}
    return told | ({CONFIG_VARIABLE: str(config.absolute())} if config else {})


def _broker(settings: Settings, folder: Path, environment: dict[str, str], *, which: str) -> Part:
    port = settings.demo.broker_port
    program = find_mosquitto() if which != "own" else None
    if program is not None:
        command, name = prepare_mosquitto(program, folder / "mosquitto", port), "mosquitto"
    elif which == "mosquitto":
        raise SettingsError(["--broker mosquitto: mosquitto is not installed; leave it to the demo's own broker"])
    else:
        own = [sys.executable, "-m", "iot_assets.demo.broker_process", "--host", BROKER_HOST, "--port", str(port)]
        command, name = own, "our own small one"
    return Part(
        name="broker",
        command=tuple(command),
        environment=environment,
        waiting_for=lambda _: port_missing(BROKER_HOST, port),
        once_up=_line("broker", f"{name}, on {BROKER_HOST} port {port}"),
        stop_rank=3,
    )


def _fleet(settings: Settings, paths: DataPaths, environment: dict[str, str]) -> Part:
    rate, trouble = settings.demo.messages_per_second, settings.demo.trouble
    return Part(
        name="fleet",
        command=(sys.executable, "-m", "iot_assets.demo.fleet"),
        environment=environment,
        waiting_for=partial(fleet_missing, status_path(paths.root)),
        once_up=_line(
            "fleet",
            f"{DEVICES} devices in {CONVENTIONS} conventions, {rate:g} messages a second"
            f"{', some in trouble' if trouble else ''}",
        ),
        stop_rank=0,
    )


def _lander(settings: Settings, paths: DataPaths, environment: dict[str, str]) -> Part:
    doors = [f"reads {settings.mqtt.host}:{settings.mqtt.port}"] if settings.mqtt.enabled else []
    doors += [f"takes HTTP at {_intake_address(settings)}"] if settings.http.port else []
    if not doors:
        doors.append("takes nothing (mqtt.enabled is false and http.port is 0)")
    return Part(
        name="lander",
        command=(sys.executable, "-m", "iot_assets", "land"),
        environment=environment,
        waiting_for=partial(lander_missing, paths, settings.lander.name),
        once_up=_line("lander", f"{', '.join(doors)}, lands in {_near(paths.landed)}"),
        # After Dagster, whose landing sensor would otherwise see that no lander runs, and read the broker itself.
        stop_rank=2,
        stop_seconds=60,
        patience_seconds=15,
    )


def _dagster(settings: Settings, paths: DataPaths, environment: dict[str, str]) -> list[Part]:
    here = Path.cwd()
    host, port = settings.dagster.host, settings.dagster.port
    # What it warns of is for developers, whose tests turn each warning into an error; here it would only frighten.
    own = environment | {"PYTHONWARNINGS": "ignore", VARIABLE: str(dagster_home(here, paths))}
    program = (sys.executable, "-m", "dagster")
    page = Part(
        name="dagster",
        command=(*program, "dev", "-w", _WORKSPACE, "-h", host, "-p", str(port)),
        environment=own,
        waiting_for=lambda _: dagster_missing(host, port),
        once_up=_line("dagster", f"its page is {page_address(host, port)}"),
        busy=partial(dagster_busy, host, port),
        settle_seconds=30,
        stop_rank=1,
        stop_seconds=60,
        patience_seconds=60,
    )
    if any(paths.dagster.rglob("*.db")):
        return [page]
    # Its web server and its daemon would otherwise both make the empty storage, and one of them would fail.
    storage = Part(
        name="dagster-storage",
        command=(*program, "instance", "migrate"),
        environment=own,
        waiting_for=lambda _: "its end",
        once_up=_line("dagster", f"has made its storage in {_near(paths.dagster)}"),
        once=True,
    )
    return [storage, page]


def _server(settings: Settings, environment: dict[str, str]) -> list[Part]:
    host, port = settings.server.host, settings.server.port
    if not port:
        return []
    return [
        Part(
            name="server",
            command=(sys.executable, "-m", "iot_assets", "serve"),
            environment=environment,
            waiting_for=lambda _: port_missing(host, port),
            once_up=_line("server", f"the dashboard is at {page_address(host, port)}"),
            stop_rank=0,
        )
    ]


def _watcher(settings: Settings, paths: DataPaths, environment: dict[str, str]) -> list[Part]:
    if not settings.alerts.enabled:
        return []
    told = [channel.name for channel in settings.alerts.channels]
    by = ", ".join([*told, _near(paths.alert_log)] if told else [_near(paths.alert_log)])
    return [
        Part(
            name="alerts",
            command=(sys.executable, "-m", "iot_assets", "alerts", "watch"),
            environment=environment,
            waiting_for=partial(watcher_missing, paths),
            once_up=_line("alerts", f"watches; alerts are told here and by {by}"),
            # Before the others, whose end would be told otherwise.
            stop_rank=-1,
        )
    ]


def _ports(settings: Settings) -> list[NeededPort]:
    ports = [NeededPort(settings.dagster.host, settings.dagster.port, "dagster.port")]
    if settings.lander.metrics_port:
        ports.append(NeededPort(settings.lander.metrics_host, settings.lander.metrics_port, "lander.metrics_port"))
    if settings.http.port:
        ports.append(NeededPort(settings.http.host, settings.http.port, "http.port"))
    if settings.server.port:
        ports.append(NeededPort(settings.server.host, settings.server.port, "server.port"))
    return ports


def _intake_address(settings: Settings) -> str:
    return page_address(settings.http.host, settings.http.port or _INTAKE_PORT)


def _run(settings: Settings, paths: DataPaths, parts: list[Part]) -> None:
    supervisor = Supervisor(
        parts,
        logs=paths.logs,
        narrator=Narrator(sys.stdout),
        when_up=_where_to_look(settings, paths),
        watches=[GoldWatch(paths.serving), LogWatch(paths.alert_log)],
    )
    if not supervisor.run():
        sys.exit(1)


def _where_to_look(settings: Settings, paths: DataPaths) -> str:
    program = _near(Path(sys.executable).with_name("iot-assets"))
    intake = [f"  HTTP       {_intake_address(settings)}/docs tells how to send"] if settings.http.port else []
    server = settings.server
    pages = [f"  Dashboard  {page_address(server.host, server.port)}"] if server.port else []
    return "\n".join(
        [
            "Where to look:",
            *pages,
            f"  Dagster    {page_address(settings.dagster.host, settings.dagster.port)}",
            *intake,
            f"  SQL        {program} shell (live_readings and live_latest have what is not published yet, too)",
            f'             {program} query "{_EXAMPLE_QUERY}"',
            f"  logs       {_near(paths.logs)}{os.sep}",
            "What comes in is shown at once; the first rows of tables take up to two minutes: the lander seals a file",
            "each minute, and Dagster then takes it.",
            "Ctrl-C stops everything; the next start goes on from there.",
            "",
        ]
    )


def _near(path: Path) -> str:
    """The path as one would type it from here."""
    try:
        return str(path.relative_to(Path.cwd()))
    except ValueError:
        return str(path)


def _line(name: str, what: str) -> str:
    return f"{name:<10} {what}"
