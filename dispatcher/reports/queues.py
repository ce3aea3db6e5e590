"""The queue of each phone."""

from datetime import datetime
from typing import Any

from dispatcher.reports.sources import Sources


async def queues(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return how deep each phone's queue is at `now`."""
    raise NotImplementedError
