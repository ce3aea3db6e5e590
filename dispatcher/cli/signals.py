"""Stopping in order: SIGTERM and Ctrl-C as something to wait for, and as the end of a short command."""

import asyncio
import signal
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

T = TypeVar("T")

_STOPS = (signal.SIGTERM, signal.SIGINT)

_PATIENCE_S = 1.0
"""How long an interrupted command may take to close what it had opened, before it is interrupted again."""


def run(work: Coroutine[Any, Any, T]) -> T:
    """Run the work of a short command and return what it returns. One Ctrl-C ends it: KeyboardInterrupt.

    The interrupt cancels the work, and a cancellation may get lost on its way: whoever cancels a part of their own work
    at that instant may take it for theirs, and `asyncio.wait_for` of Python 3.11 drops one that meets the end of what
    it waits for. So it is repeated until the work has ended.
    """
    return asyncio.run(_cancelled_for_good(work))


async def _cancelled_for_good(work: Coroutine[Any, Any, T]) -> T:
    task = asyncio.ensure_future(work)
    try:
        await asyncio.wait({task})
    except asyncio.CancelledError:
        while not task.done():
            task.cancel()
            await asyncio.wait({task}, timeout=_PATIENCE_S)
        # How it ended is of no matter any more, but must be looked at, or asyncio says that nobody did.
        await asyncio.gather(task, return_exceptions=True)
        raise
    return task.result()


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
