"""One pass from the platform to the mirror, without a daemon."""

from collections.abc import AsyncIterator, Callable
from contextlib import AsyncExitStack
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.api.listing import Page
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled, opened
from dispatcher.errors import PermanentError, TransientError
from dispatcher.loops.context import Context
from dispatcher.loops.orders import KIND as ORDERS
from dispatcher.loops.orders import Orders
from dispatcher.loops.sync import Counts, Sync
from dispatcher.mirror import record
from dispatcher.settings import Account, Settings

Progress = Callable[[str, int, int | None], None]
"""Told of a kind (`campaigns`, `phones`, `orders`), how many have been read, and of how many where that is known."""

_NO_EPOCH = 0
"""A pass queues nothing, so that it is in charge of no hopper."""


async def sync_once(settings: Settings, progress: Progress | None, *, accept_removals: bool = False) -> dict[str, Any]:
    """Make one pass over campaigns, phones and the orders that matter now, and return what it did.

    The document has the counts of each kind, `ok`, and `fault`: a sentence when the pass, or a part of it, failed; what
    was read up to then stays. With `accept_removals` the platform is believed however much it says is gone, each thing
    confirmed by name. Raises ConfigurationError without an account, and what the database raises.
    """
    account = settings.api.require()
    clock = Clock()
    async with AsyncExitStack() as stack:
        database = await opened(settings, stack)
        context = assembled(
            settings, clock, database, _Told(account, clock, progress), stack, epoch=_NO_EPOCH, nudge=lambda _loop: None
        )
        return await _pass(context, Sync(context, accept_removals=accept_removals))


async def _pass(context: Context, sync: Sync) -> dict[str, Any]:
    counts = {"campaigns": Counts(), "phones": Counts(), "orders": Counts()}
    fault: str | None = None
    try:
        counts |= await sync.run_pass()
    except (TransientError, PermanentError) as found:
        fault = str(found)
    else:
        counts["orders"] = await Orders(context).run_pass()
        made = await context.database.read(record.last_pass, ORDERS)
        fault = made.fault if made is not None else None
    return {kind: one.document() for kind, one in counts.items()} | {"ok": fault is None, "fault": fault}


class _Told(Platform):
    """The platform, telling of each page that was read."""

    def __init__(self, account: Account, clock: Clock, progress: Progress | None) -> None:
        super().__init__(account.base_url, account.token.get_secret_value(), account.timeout, clock)
        self._progress = progress
        self._orders = 0

    async def pages(self, path: str, key: str) -> AsyncIterator[Page]:
        """Yield the pages of a list, telling of each."""
        read = 0
        async for page in super().pages(path, key):
            read += len(page.items)
            if self._progress is not None:
                if key == ORDERS:
                    # They come campaign by campaign, and how many there are in all nobody knows before the last.
                    self._orders += len(page.items)
                    self._progress(key, self._orders, None)
                else:
                    self._progress(key, read, page.total)
            yield page
