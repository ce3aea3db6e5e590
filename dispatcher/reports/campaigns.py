"""Every campaign, and what stands against dialling it now."""

from datetime import datetime
from typing import Any

from dispatcher.reports.sources import Sources


async def campaigns(sources: Sources, now: datetime) -> dict[str, Any]:
    """Return every campaign of the mirror, by name, with every reason that stands against it at `now`."""
    raise NotImplementedError
