"""The web of one daemon, between its start and its stop."""

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from dispatcher.daemon.daemon import Daemon
from dispatcher.reports.guards import Guards
from dispatcher.reports.samples import Samples
from dispatcher.reports.sources import Sources
from dispatcher.web.deps import Deps
from dispatcher.web.server import server


@asynccontextmanager
async def front(daemon: Daemon) -> AsyncIterator[str]:
    """Serve a daemon's health, metrics, documents and page, and give the page's address.

    ConfigurationError if http.bind cannot be had.
    """
    settings, context, samples, guards = daemon.settings, daemon.context, Samples(), Guards()
    deps = Deps(
        # Asked for anew each time: a reload may have changed the settings.
        sources=lambda: Sources(daemon.settings, context.database, context.watch, samples, guards),
        clock=daemon.clock,
        token=settings.http.token,
        bind=settings.http.bind,
        pause=daemon.pause,
        resume=daemon.resume,
        request_sync=daemon.request_sync,
        health=daemon.health,
        alive=daemon.alive,
    )
    async with server(deps) as serving:
        yield serving.url
