"""``iot-assets``: the table of verbs, and the one place where an error becomes a sentence on stderr."""

from __future__ import annotations

import importlib
import sys
from types import MappingProxyType
from typing import Final

import click

from iot_assets.errors import IotAssetsError

#: verb → the function that is its command. Modules load on use, so that each verb starts as fast as it can.
VERBS: Final = MappingProxyType(
    {
        "alerts": "iot_assets.cli.alerts:alerts",
        "catalog": "iot_assets.cli.catalog:catalog",
        "backup": "iot_assets.cli.backup:backup",
        "bench": "iot_assets.cli.bench:bench",
        "compact": "iot_assets.cli.compact:compact",
        "completion": "iot_assets.cli.completion:completion",
        "demo": "iot_assets.cli.up:demo",
        "diff": "iot_assets.cli.diff:diff",
        "doctor": "iot_assets.cli.doctor:doctor",
        "formulas": "iot_assets.cli.formulas:formulas",
        "keys": "iot_assets.cli.keys:keys",
        "land": "iot_assets.cli.land:land",
        "load": "iot_assets.cli.load:load",
        "quality": "iot_assets.cli.quality:quality",
        "query": "iot_assets.cli.query:query",
        "rebirth": "iot_assets.cli.rebirth:rebirth",
        "rebuild": "iot_assets.cli.rebuild:rebuild",
        "rejects": "iot_assets.cli.rejects:rejects",
        "replay": "iot_assets.cli.replay:replay",
        "restore": "iot_assets.cli.backup:restore",
        "routes": "iot_assets.cli.routes:routes",
        "rules": "iot_assets.cli.rules:rules",
        "schemas": "iot_assets.cli.schemas:schemas",
        "serve": "iot_assets.cli.serve:serve",
        "settings": "iot_assets.cli.settings:settings",
        "shell": "iot_assets.cli.shell:shell",
        "status": "iot_assets.cli.status:status",
        "trace": "iot_assets.cli.trace:trace",
        "try-route": "iot_assets.cli.try_route:try_route",
        "up": "iot_assets.cli.up:up",
        "watch": "iot_assets.cli.watch:watch",
    }
)


class _Verbs(click.Group):
    def list_commands(self, ctx: click.Context) -> list[str]:
        del ctx
        return sorted(VERBS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        del ctx
        if (target := VERBS.get(cmd_name)) is None:
            return None
        module, attribute = target.split(":")
        command = getattr(importlib.import_module(module), attribute)
        assert isinstance(command, click.Command)
        return command


@click.group(cls=_Verbs, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(package_name="iot-assets")
def root() -> None:
    """An IoT data platform: what devices send becomes tables that people can trust.

    Settings come from iot.toml (or the file IOT_CONFIG names) and IOT_… variables; `iot-assets settings` shows them.
    """


def main() -> None:
    """Run the command line; known errors become one sentence and exit code 1."""
    try:
        # What a command ends with by click's Exit is returned here; nothing else that it returns means anything.
        if code := root(standalone_mode=False):
            sys.exit(code)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        error.show()
        sys.exit(error.exit_code)
    except IotAssetsError as error:
        click.echo(f"iot-assets: {error}", err=True)
        sys.exit(1)
