"""The daemon in the foreground: signals, readiness, the watchdog, and the exit code."""

import asyncio
import os
import signal
from collections.abc import Callable
from contextlib import AbstractAsyncContextManager

from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.daemon.notify import Notifier
from dispatcher.errors import ConfigurationError
from dispatcher.garbage import spare_the_modules
from dispatcher.log import configure, logger
from dispatcher.settings import Settings

log = logger(__name__)

OK, WRONG = 0, 2
"""A dispatcher that another one has deposed was configured beside it, and starting it again would not help."""

_WATCH_S = 5.0


Front = Callable[[Daemon], AbstractAsyncContextManager[str]]
"""What serves a daemon's page while it is entered, and gives its address."""


def run(settings: Settings, reload: Callable[[], Settings], front: Front) -> int:
    """Run the daemon until SIGTERM or SIGINT and return the exit code; SIGHUP takes what `reload` reads."""
    spare_the_modules()
    return asyncio.run(_run(settings, reload, front))


async def _run(settings: Settings, reload: Callable[[], Settings], front: Front) -> int:
    notifier = Notifier.from_environment()
    ended = asyncio.Event()
    faults: list[str] = []

    def deposed(fault: str) -> None:
        faults.append(fault)
        ended.set()

    daemon = Daemon(settings, Clock(), deposed)
    loop = asyncio.get_running_loop()
    # A reload that is asked for while the daemon starts waits for the end of that; unheard, the signal would end it.
    reload_asked = asyncio.Event()
    loop.add_signal_handler(signal.SIGHUP, reload_asked.set)
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, ended.set)
    starting = asyncio.create_task(daemon.start())
    stopping = asyncio.create_task(ended.wait())
    await asyncio.wait({starting, stopping}, return_when=asyncio.FIRST_COMPLETED)
    if not starting.done():
        starting.cancel()
        await asyncio.gather(starting, return_exceptions=True)
        return OK
    starting.result()
    loop.add_signal_handler(signal.SIGHUP, _reload, daemon, reload, notifier)
    if reload_asked.is_set():
        _reload(daemon, reload, notifier)
    try:
        async with front(daemon) as page:
            log.info("serving", page=page)
            notifier.send("READY=1", f"STATUS=serving {page}")
            watching = asyncio.create_task(_feed_watchdog(daemon, notifier))
            await stopping
            notifier.send("STOPPING=1")
            watching.cancel()
    finally:
        await daemon.stop()
    for fault in faults:
        log.error("deposed", fault=fault)
    return WRONG if faults else OK


def _reload(daemon: Daemon, reload: Callable[[], Settings], notifier: Notifier) -> None:
    """Take a changed configuration into use; a faulty one changes nothing."""
    notifier.send("RELOADING=1")
    try:
        settings = reload()
    except ConfigurationError as wrong:
        for fault in wrong.faults:
            log.error("configuration not reloaded", fault=fault)  # noqa: TRY400 (the sentence says it all)
    else:
        configure(settings.log.level, settings.log.format)
        daemon.reload(settings)
        log.info("configuration reloaded")
    notifier.send("READY=1")


async def _feed_watchdog(daemon: Daemon, notifier: Notifier) -> None:
    """Tell systemd that the daemon lives, as long as it does and its database answers."""
    interval = int(os.environ.get("WATCHDOG_USEC", "0")) / 1_000_000 / 3 or _WATCH_S
    while True:
        await daemon.answers()
        if daemon.alive():
            notifier.send("WATCHDOG=1")
        await asyncio.sleep(min(interval, _WATCH_S))
