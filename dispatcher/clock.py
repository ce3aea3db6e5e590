"""The one clock: the only place where the daemon reads the time or sleeps.

Instants are aware datetimes in UTC. They are passed on as arguments; nothing below the loops calls this.
"""

import asyncio
import time
from datetime import UTC, datetime


class Clock:
    """Now, monotonic and sleep of this host.

    Wall time is what is stored and compared with schedules; monotonic time is what intervals are measured with.
    """

    def now(self) -> datetime:
        """Return the instant on the host's wall clock, in UTC."""
        return datetime.now(UTC)

    def monotonic(self) -> float:
        """Return seconds on a clock that no operator can step."""
        return time.monotonic()

    async def sleep(self, seconds: float) -> None:
        """Sleep for so many seconds of monotonic time."""
        await asyncio.sleep(seconds)
