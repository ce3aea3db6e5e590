"""Attempts, newest first."""

from collections.abc import Collection
from datetime import datetime
from typing import Any

from dispatcher.model.attempt import State
from dispatcher.reports.sources import Sources


async def jobs(
    sources: Sources,
    now: datetime,
    *,
    states: Collection[State] = (),
    campaign: str | None = None,
    order: str | None = None,
    limit: int = 100,
) -> dict[str, Any]:
    """Return attempts, newest first: of these states (none: of every one), of one campaign or order."""
    raise NotImplementedError
