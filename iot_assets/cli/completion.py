"""``iot-assets completion``: what makes a shell complete verbs and options."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class


@click.command()
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print the lines that make SHELL complete `iot-assets`.

    bash: iot-assets completion bash >> ~/.bashrc. zsh: the same with zsh and ~/.zshrc. fish: iot-assets completion fish
    > ~/.config/fish/completions/iot-assets.fish
    """
    found = get_completion_class(shell)
    assert found is not None
    click.echo(found(ctx.find_root().command, {}, "iot-assets", "_IOT_ASSETS_COMPLETE").source())
