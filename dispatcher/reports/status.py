"""How things stand, in a few numbers."""

from datetime import datetime
from typing import Any

from dispatcher.reports.sources import Sources


async def status(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return how the mirror, the hopper, the attempts and the daemon stand at `now`."""
    raise NotImplementedError
