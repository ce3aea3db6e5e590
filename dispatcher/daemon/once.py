"""One pass from the platform to the mirror, without a daemon."""

from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import AsyncExitStack
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.api.listing import Page
from dispatcher.clock import Clock
from dispatcher.errors import PermanentError, TransientError
from dispatcher.hopper import connection
from dispatcher.hopper.outcomes import Outcomes as OutcomeStreams
from dispatcher.hopper.queue import Queue
from dispatcher.hopper.watch import Watch
from dispatcher.loops.book import Book
from dispatcher.loops.context import Context
from dispatcher.loops.orders import KIND as ORDERS
from dispatcher.loops.orders import Orders
from dispatcher.loops.sync import Counts, Sync
from dispatcher.mirror import record, schema
from dispatcher.mirror.database import Database
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
    async with AsyncExitStack() as stack:
        database = Database(settings.database.url.get_secret_value())
        stack.callback(database.close)
        await database.write(schema.upgrade)
        platform = _Told(account, progress)
        stack.push_async_callback(platform.close)
        # Nothing is asked of Redis; its client connects only when it is.
        redis = connection.writer(settings.redis.url.get_secret_value())
        stack.push_async_callback(redis.aclose)
        prefix = settings.redis.prefix
        context = Context(
            settings=settings,
            clock=Clock(),
            database=database,
            platform=platform,
            queue=Queue(redis, prefix, _NO_EPOCH),
            watch=Watch(redis, prefix),
            outcomes=OutcomeStreams(redis, redis, prefix),
            book=Book(settings.sync.max_staleness),
            epoch=_NO_EPOCH,
            nudge=lambda _loop: None,
        )
        return await _pass(context, _Believing(context) if accept_removals else Sync(context))


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

    def __init__(self, account: Account, progress: Progress | None) -> None:
        super().__init__(account.base_url, account.token.get_secret_value(), account.timeout, Clock())
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


class _Believing(Sync):
    """A pass that an operator has given leave to remove whatever the platform, asked by name, says is gone."""

    async def _missing(
        self,
        kind: str,  # noqa: ARG002 (that of the pass which refuses)
        missing: Sequence[str],
        mirrored: int,  # noqa: ARG002 (the same)
        listed: int,  # noqa: ARG002 (the same)
        confirm: Callable[[str], Any],
        counts: Counts,
    ) -> list[str]:
        confirmed = [uuid for uuid in missing if await confirm(uuid) is None]
        counts.removed = len(confirmed)
        return confirmed
