"""One piece of work that goes on behind another: pages are written while the next are read."""

import asyncio
from collections.abc import Coroutine
from typing import Any


class Behind:
    """At most one piece of work; the next begins when it has ended, also where somebody stopped waiting for it."""

    def __init__(self) -> None:
        self._work: asyncio.Task[None] | None = None

    @property
    def is_idle(self) -> bool:
        """Tell whether nothing is under way."""
        return self._work is None or self._work.done()

    async def begin(self, work: Coroutine[Any, Any, None]) -> None:
        """Begin a piece of work when the one before has ended; what that failed by is raised here."""
        try:
            await self.end()
        except BaseException:
            work.close()
            raise
        self._work = asyncio.create_task(work)

    async def end(self) -> None:
        """Wait for the work under way; what it failed by is raised, once."""
        work = self._work
        if work is None:
            return
        try:
            # Shielded: what writes must be seen to its end, or two would write at once.
            await asyncio.shield(work)
        finally:
            if work.done():
                self._work = None
