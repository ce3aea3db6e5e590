"""One pass from the platform to the mirror, without a daemon."""

from collections.abc import Callable
from contextlib import AsyncExitStack
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled, opened
from dispatcher.errors import PermanentError, TransientError
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.loops.from_platform.orders import Orders
from dispatcher.loops.from_platform.sync import Sync
from dispatcher.reports.finding import find_campaign
from dispatcher.settings import Settings

Progress = Callable[[str, int, int | None], None]
"""Told of a kind (`campaigns`, `phones`, `orders`), how many have been read, and of how many where that is known."""

_NO_EPOCH = 0
"""A pass queues nothing, so that it is in charge of no hopper."""


async def sync_once(
    settings: Settings, progress: Progress | None, *, accept_removals: bool = False, campaign: str | None = None
) -> dict[str, Any]:
    """Make one pass over campaigns, phones and the orders that matter now, and return what it did.

    With `campaign`, named as in `explain`, the orders are those of that one, open or not; NotFoundError without such.
    The document has the counts of each kind, `ok`, and `fault`: a sentence when the pass, or a part of it, failed; what
    was read up to then stays. With `accept_removals` the platform is believed however much it says is gone, each thing
    confirmed by name. Raises ConfigurationError without an account, and what the database raises.
    """
    account = settings.api.require()
    clock = Clock()
    async with AsyncExitStack() as stack:
        database = await opened(settings, stack)
        token = account.token.get_secret_value()
        platform = Platform(account.base_url, token, account.timeout, clock, ca_file=account.ca_file)
        context = assembled(settings, clock, database, platform, stack, epoch=_NO_EPOCH, nudge=lambda _loop: None)
        sync, orders = Sync(context, accept_removals=accept_removals, told=progress), Orders(context, told=progress)
        return await _pass(context, sync, orders, campaign)


async def _pass(context: Context, sync: Sync, orders: Orders, campaign: str | None) -> dict[str, Any]:
    counts = {"campaigns": Counts(), "phones": Counts(), "orders": Counts()}
    fault: str | None = None
    try:
        counts |= await sync.run_pass()
    except (TransientError, PermanentError) as found:
        fault = str(found)
    else:
        its = None if campaign is None else (await context.database.read(find_campaign, campaign)).uuid
        counts["orders"] = await orders.run_pass(its)
        fault = orders.fault
    return {kind: one.document() for kind, one in counts.items()} | {"ok": fault is None, "fault": fault}
