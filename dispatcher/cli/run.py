"""`dispatcher run`: the daemon."""

from __future__ import annotations

import click

from dispatcher.cli.options import Common, Taught, configured


@click.command(cls=Taught, examples=["dispatcher run --config /etc/dispatcher/dispatcher.toml"])
@configured
@click.pass_obj
def run(given: Common) -> None:
    """Run the dispatcher in the foreground.

    It runs until SIGTERM or Ctrl-C: it reads the platform, queues the calls of open campaigns, applies their
    outcomes and serves the page. SIGHUP reads the configuration again. Logs go to standard error.
    """
    settings = given.settings(level=None)
    from dispatcher.daemon.run import run as serve
    from dispatcher.web.front import front
    from dispatcher.web.server import try_address

    try_address(settings.http.bind)
    raise click.exceptions.Exit(serve(settings, lambda: given.settings(level=None), front))
