"""The commands by group; a command's module is loaded when that command is asked for."""

import importlib
import sys
from collections.abc import Mapping
from difflib import get_close_matches
from typing import Any, cast

import click

from dispatcher import __version__
from dispatcher.cli.faults import guarded
from dispatcher.cli.options import common

GROUPS: Mapping[str, Mapping[str, str]] = {
    "Try it": {"demo": "demo", "sandbox": "sandbox", "preview": "preview"},
    "Run it": {"check": "check", "sync": "sync", "run": "run", "worker": "worker", "db": "db"},
    "See what is going on": {
        "status": "status",
        "campaigns": "campaigns",
        "queues": "queues",
        "jobs": "jobs",
        "explain": "explain",
        "rules": "rules",
    },
    "Steer it": {
        "pause": "pause",
        "resume": "pause",
        "job": "job",
        "reconcile": "reconcile",
        "orders": "orders",
        "dnc": "dnc",
        "dead": "dead",
        "reports": "reports",
    },
    "Shell": {"completion": "completion"},
}
"""Under each heading of the help, every command with the module that holds it."""

MODULES = {name: module for commands in GROUPS.values() for name, module in commands.items()}


class Program(click.Group):
    """A group that loads its commands on demand and ends every expected fault in a sentence."""

    def list_commands(self, ctx: click.Context) -> list[str]:  # noqa: ARG002 (click passes it)
        """Return the names of the commands, as the help orders them."""
        return list(MODULES)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:  # noqa: ARG002 (the same)
        """Load a command."""
        if cmd_name not in MODULES:
            return None
        module = importlib.import_module(f"dispatcher.cli.{MODULES[cmd_name]}")
        return cast("click.Command", getattr(module, cmd_name))

    def resolve_command(
        self, ctx: click.Context, args: list[str]
    ) -> tuple[str | None, click.Command | None, list[str]]:
        """Find the command that is asked for; a slip in its name is answered with what may have been meant."""
        guess = args and not args[0].startswith("-") and not ctx.resilient_parsing
        near = get_close_matches(args[0], MODULES, n=1) if guess else []
        if near and near[0] != args[0]:
            ctx.fail(f"No such command {args[0]!r}. Did you mean {near[0]!r}?")
        return super().resolve_command(ctx, args)

    def format_commands(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the commands under their headings."""
        width = max(map(len, MODULES))
        for heading, names in GROUPS.items():
            with formatter.section(heading):
                commands = ((name, self.get_command(ctx, name)) for name in names)
                formatter.write_dl(
                    [(name.ljust(width), command.get_short_help_str(100)) for name, command in commands if command]
                )

    def main(self, *args: Any, **extra: Any) -> Any:
        """Run a command and exit with its code."""
        # Not standalone, so that the ends of a command come here and not to click.
        extra["standalone_mode"] = False
        sys.exit(guarded(lambda: super(Program, self).main(*args, **extra)))


@click.group(
    cls=Program, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100}, name="dispatcher"
)
@common
@click.version_option(__version__, message="%(prog)s %(version)s")
def main() -> None:
    """Queue the calls of outbound AI phone campaigns at the right time, each at most once.

    Start with `dispatcher demo`, which needs nothing else, or with `dispatcher check` once you have a configuration
    file. `dispatcher COMMAND --help` tells more of each command.
    """
