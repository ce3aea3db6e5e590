"""`dispatcher completion`: the script that completes commands and options in a shell."""

from __future__ import annotations

import click
from click.shell_completion import get_completion_class

from dispatcher.cli.options import Taught


@click.command(
    cls=Taught,
    examples=[
        "bash: echo 'eval \"$(dispatcher completion bash)\"' >> ~/.bashrc",
        "zsh:  echo 'eval \"$(dispatcher completion zsh)\"' >> ~/.zshrc",
        "fish: dispatcher completion fish > ~/.config/fish/completions/dispatcher.fish",
    ],
)
@click.argument("shell", type=click.Choice(["bash", "zsh", "fish"]))
@click.pass_context
def completion(ctx: click.Context, shell: str) -> None:
    """Print a shell's completion script.

    It completes commands and options; load it as the examples do.
    """
    found = get_completion_class(shell)
    if found is None:
        raise AssertionError(f"click completes no {shell}")
    click.echo(found(ctx.find_root().command, {}, "dispatcher", "_DISPATCHER_COMPLETE").source())
