"""What every command takes: the configuration file and the form of the output, before or after the command's name."""

from __future__ import annotations

import json
import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

import click

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from dispatcher.cli.tables import Page
    from dispatcher.settings import Settings

F = TypeVar("F", bound="Callable[..., Any]")


@dataclass(slots=True)
class Common:
    """What was given: the file (None: whatever DISPATCHER_CONFIG names, if anything), and the form of the output."""

    config: Path | None = None
    output: str = "table"

    @property
    def json(self) -> bool:
        """Whether standard output must hold one JSON document and nothing else."""
        return self.output == "json"

    def settings(self, *, level: str | None = "error") -> Settings:
        """Return the settings, and send logs to standard error; ConfigurationError with every fault.

        `level` is the least that is logged, None for that of the settings: a command that reports logs only what
        its report may not say.
        """
        from dispatcher import log
        from dispatcher.settings import load

        settings = load(self.config, os.environ)
        log.configure(level or settings.log.level, settings.log.format)
        return settings

    def show(self, document: Mapping[str, Any], table: Callable[[Page, Any], None]) -> None:
        """Print a document, as JSON or by way of `table`, which writes it on a page."""
        if self.json:
            click.echo(json.dumps(document, indent=2, ensure_ascii=False))
        else:
            from dispatcher.cli.tables import Page

            table(Page(), document)


class _Examples:
    """Examples at the end of a command's help."""

    def __init__(self, *args: Any, examples: Sequence[str] = (), **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        self.examples = examples

    def format_epilog(self, _ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """Write the examples as they are, to be copied."""
        with formatter.section("Examples"):
            for example in self.examples:
                formatter.write(f"{' ' * formatter.current_indent}{example}\n")


class Taught(_Examples, click.Command):
    """A command whose help ends with examples."""


class TaughtGroup(_Examples, click.Group):
    """A command that has others beside it, and whose help ends with examples."""


def _remember(ctx: click.Context, parameter: click.Parameter, value: Any) -> None:
    if value is not None and parameter.name is not None:
        setattr(ctx.ensure_object(Common), parameter.name, value)
    else:
        ctx.ensure_object(Common)


configured = click.option(
    "-c",
    "--config",
    type=click.Path(path_type=Path),
    expose_value=False,
    callback=_remember,
    help="The configuration file; else the one that DISPATCHER_CONFIG names, else none.",
)
"""For a command that reads the configuration."""

reporting = click.option(
    "-o",
    "--output",
    type=click.Choice(["table", "json"]),
    expose_value=False,
    callback=_remember,
    help="A table for people (the default), or one JSON document for tools.",
)
"""For a command that reports."""


def common(command: F) -> F:
    """Give a command both options."""
    return configured(reporting(command))
