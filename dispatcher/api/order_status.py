"""Telling the platform an order's status: `PATCH campaigns/{campaign}/orders/{order}` with `{"status": …}`.

No page of the platform's reference documents this call; a real account may not have it, or may mean something else by
it. All that is assumed of it is here, and it is made only where `report.orders` asks for it.
"""

from datetime import timedelta
from urllib.parse import quote

from dispatcher.api.client import Platform
from dispatcher.api.transport import RefusedError, RetryableError
from dispatcher.errors import NotFoundError

_LONGEST_S = 3600.0


async def tell(platform: Platform, campaign: str, order: str, status: str) -> None:
    """Set an order's status; the same may be told twice. TransientError or PermanentError if the platform refuses."""
    await platform.patch(f"campaigns/{quote(campaign, safe='')}/orders/{quote(order, safe='')}", {"status": status})


def is_final(fault: Exception) -> bool:
    """Tell whether the platform will never take it: it has no such order or no such call, or not this word."""
    return isinstance(fault, (NotFoundError, RefusedError))


def asked_wait(fault: Exception) -> timedelta:
    """Return how long the platform asks to be left alone, an hour at most."""
    wait_s = fault.wait_s if isinstance(fault, RetryableError) else None
    return timedelta(seconds=min(wait_s or 0.0, _LONGEST_S))
