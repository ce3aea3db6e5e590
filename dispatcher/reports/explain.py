"""Why a campaign, or one order of it, is or is not dialled."""

from datetime import datetime
from typing import Any

from dispatcher.reports.sources import Sources


async def explain(sources: Sources, campaign: str, order: str | None, at: datetime, now: datetime) -> dict[str, Any]:
    """Return every reason that stands against dialling at `at`; NotFoundError names what does not exist."""
    raise NotImplementedError
