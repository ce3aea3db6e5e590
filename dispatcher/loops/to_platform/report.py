"""Mirror to platform: how calls have ended, where `report.orders` asks for it.

Nothing waits for it, and its faults are its own: they are counted and logged, and make no part unwell.
"""

import asyncio

from dispatcher import metrics
from dispatcher.api import order_status
from dispatcher.errors import PermanentError, TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.mirror import order_reports
from dispatcher.mirror.order_reports import Owed
from dispatcher.rules.reporting import wait_after

log = logger(__name__)

_AT_ONCE = 5
_TURN_S = 5.0
_REST_S = 30.0
"""After a fault of the platform's nothing is told for this long: it need not fail everybody's order to be known."""


class Report:
    """Tells the platform the status of orders that were called."""

    name = "report"

    def __init__(self, context: Context) -> None:
        self._context = context
        self._rests_until = float("-inf")

    async def run_once(self) -> float:
        """Tell what is owed, a few at a time; return the seconds until there may be more to tell."""
        context = self._context
        if not context.settings.report.orders:
            return _TURN_S
        rests_s = self._rests_until - context.clock.monotonic()
        if rests_s > 0:
            return rests_s
        now = context.clock.now()
        due = await context.database.read(order_reports.due, now, _AT_ONCE)
        faults = await asyncio.gather(*(self._tell(one) for one in due))
        told = [one for one, fault in zip(due, faults, strict=True) if fault is None]
        await context.database.write(order_reports.told, told)
        metrics.ORDERS_REPORTED.labels("told").inc(len(told))
        waits = [await self._failed(one, fault) for one, fault in zip(due, faults, strict=True) if fault is not None]
        if any(fault is not None and not order_status.is_final(fault) for fault in faults):
            self._rests_until = context.clock.monotonic() + max(_REST_S, *waits)
        waiting, given_up = await context.database.read(order_reports.counts)
        metrics.ORDERS_OWED.set(waiting)
        metrics.ORDERS_GIVEN_UP.set(given_up)
        return 0.0 if len(due) == _AT_ONCE else _TURN_S

    async def _tell(self, owed: Owed) -> TransientError | PermanentError | None:
        try:
            await order_status.tell(self._context.platform, owed.campaign, owed.order, owed.status)
        except (TransientError, PermanentError) as fault:
            return fault
        return None

    async def _failed(self, owed: Owed, fault: Exception) -> float:
        """Note a failed try, and when to try again; return the seconds that the platform asks to be left alone."""
        context, asked = self._context, order_status.asked_wait(fault)
        now = context.clock.now()
        wait = None if order_status.is_final(fault) else wait_after(owed.tries + 1, asked)
        again_at = None if wait is None else now + wait
        await context.database.write(order_reports.failed, owed, str(fault), again_at, now)
        metrics.ORDERS_REPORTED.labels("failed" if again_at else "given_up").inc()
        log.warning(
            "the platform was not told of an order",
            again="later" if again_at else "never",
            order=owed.order,
            status=owed.status,
            fault=str(fault),
        )
        return asked.total_seconds()
