"""Stopping in order: SIGTERM and Ctrl-C as something to wait for."""

import asyncio
import signal
from collections.abc import Iterator
from contextlib import contextmanager

_STOPS = (signal.SIGTERM, signal.SIGINT)


@contextmanager
def stopping() -> Iterator[asyncio.Event]:
    """Give an event of this loop that the first SIGTERM or SIGINT sets; a second one acts as it does anywhere."""
    loop, event = asyncio.get_running_loop(), asyncio.Event()

    def stop() -> None:
        event.set()
        _release(loop)

    for number in _STOPS:
        loop.add_signal_handler(number, stop)
    try:
        yield event
    finally:
        _release(loop)


def _release(loop: asyncio.AbstractEventLoop) -> None:
    for number in _STOPS:
        loop.remove_signal_handler(number)
