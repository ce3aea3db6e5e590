"""Platform to mirror: how uncertain calls have ended, where the status of their orders tells.

The statuses come with the orders that are read anyway. Of campaigns that are closed, or too long to be read whole each
time, the orders in doubt are looked for by themselves: a campaign a turn, each once an hour, and not for ever.
"""

from collections.abc import Mapping
from datetime import datetime, timedelta
from urllib.parse import quote

from dispatcher import metrics
from dispatcher.api import parse
from dispatcher.api.document import glance
from dispatcher.errors import NotFoundError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.mirror import doubts
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.mirror.doubts import Word
from dispatcher.model.found import Found
from dispatcher.model.order import OrderStatus
from dispatcher.rules.verdict import verdict

log = logger(__name__)

BY = "platform"
"""Who ends a doubt, for the record."""

_ASK_AGAIN = timedelta(hours=1)
_ASKED_FOR = timedelta(days=7)
_MOST_PAGES = 50
"""Pages of one campaign that are read for the orders in doubt; longer lists are read whole while they are open."""


class Doubts:
    """Ends the doubt about calls whose end the platform has seen."""

    name = "doubts"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._asked_at: dict[str, datetime] = {}

    async def run_once(self) -> float:
        """Settle by what the mirror has, and ask for the orders of one campaign that it may not have."""
        context = self._context
        now = context.clock.now()
        told = await context.database.read(doubts.told)
        await self._settle({one.job: (one, status) for one, status in told}, now)
        left = [one for one, status in told if verdict(status) is None]
        await self._ask(left, now)
        return context.settings.sync.orders_interval.total_seconds()

    async def _settle(self, told: Mapping[str, tuple[Attempt, OrderStatus]], now: datetime) -> None:
        settled = await self._context.database.write(_close, told, now)
        for outcome in settled.values():
            metrics.OUTCOMES.labels(outcome).inc()
        if settled:
            log.info("the platform knew what became of uncertain calls", jobs=settled)

    async def _ask(self, left: list[Attempt], now: datetime) -> None:
        """Read the orders of the campaign that has waited longest for it, as far as one in doubt is there."""
        recent = [one for one in left if one.ended_at is not None and now - one.ended_at < _ASKED_FOR]
        in_doubt: dict[str, dict[str, Attempt]] = {}
        for one in recent:
            in_doubt.setdefault(one.campaign, {})[one.order] = one
        self._asked_at = {campaign: at for campaign, at in self._asked_at.items() if campaign in in_doubt}
        # A question that lies ahead was asked before the clock was set back.
        due = [
            campaign
            for campaign in in_doubt
            if campaign not in self._asked_at or not timedelta(0) <= now - self._asked_at[campaign] < _ASK_AGAIN
        ]
        if not due:
            return
        campaign = min(due, key=lambda one: self._asked_at[one].timestamp() if one in self._asked_at else 0.0)
        self._asked_at[campaign] = now
        await self._settle(await self._look_up(campaign, in_doubt[campaign]), now)

    async def _look_up(self, campaign: str, wanted: Mapping[str, Attempt]) -> dict[str, tuple[Attempt, OrderStatus]]:
        """Return what the platform says now of the orders in doubt of a campaign, as far as they are found."""
        found: dict[str, tuple[Attempt, OrderStatus]] = {}
        pages = 0
        try:
            async for page in self._context.platform.pages(f"campaigns/{quote(campaign, safe='')}/orders", "orders"):
                for item in page.items:
                    order = parse.order(glance(item), campaign)
                    if isinstance(order, Found) and order.thing.fault is None and order.thing.uuid in wanted:
                        attempt = wanted[order.thing.uuid]
                        found[attempt.job] = (attempt, order.thing.status)
                pages += 1
                if len(found) == len(wanted) or pages == _MOST_PAGES:
                    break
        except NotFoundError:
            pass  # the campaign is no more, and nobody will tell
        return found


def _close(connection: Connection, told: Mapping[str, tuple[Attempt, OrderStatus]], now: datetime) -> dict[str, str]:
    """End what is told to have ended; return the outcomes by job."""
    settled = {}
    for attempt, status in told.values():
        outcome = verdict(status)
        word = Word(BY, f"the platform says of the order that it is {status}", now)
        if outcome is not None and doubts.close(connection, attempt, outcome, word):
            settled[attempt.job] = outcome.value
    return settled
