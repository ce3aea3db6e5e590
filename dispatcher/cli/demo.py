"""`dispatcher demo`: everything in one command."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import click

from dispatcher.cli.options import Common, Taught, reporting

if TYPE_CHECKING:
    from datetime import timedelta


class Duration(click.ParamType["timedelta"]):
    """A duration as the configuration writes them."""

    name = "duration"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> timedelta:
        """Return it as a timedelta."""
        from dispatcher.settings.durations import parse

        try:
            return parse(value)
        except ValueError as fault:
            self.fail(f"{value!r} {fault}.", param, ctx)


@click.command(cls=Taught, examples=["dispatcher demo", "dispatcher demo --for 30s", "dispatcher demo --speed 60"])
@click.option("--for", "for_", type=Duration(), metavar="DURATION", help="End by itself after this, such as 30s.")
@click.option(
    "--speed",
    type=click.FloatRange(0.1, 1000),
    default=10.0,
    show_default=True,
    help="How much faster calls go than in life.",
)
@click.option("--port", type=click.IntRange(0, 65535), help="The page's port (default: any free one).")
@reporting
@click.pass_obj
def demo(given: Common, for_: timedelta | None, speed: float, port: int | None) -> None:
    """Try the whole system, without calling anyone.

    Nothing is needed for it. It starts a stand-in for the platform with campaigns around the world, a private Redis, a
    database in a temporary folder, simulated dialers, the dispatcher and its page, and ends with a summary. The exit
    code is 0 only if no call was lost, doubled or placed outside its hours.
    """
    from dispatcher.demo.run import run

    raise click.exceptions.Exit(run(for_=for_, speed=speed, port=port, output=given.output))
