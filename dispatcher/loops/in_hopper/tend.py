"""Hopper: let live what may still be dialled, and take back what may not.

Every unbegun call is judged anew each turn, by the same rules that let it in. So a pause, a change, a deletion and a
closed window need no way of their own to the calls that they stop.
"""

import asyncio
from collections import Counter
from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dispatcher.errors import LostHopperError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.mirror import attempts, brakes, orders
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import UNBEGUN, State
from dispatcher.model.brakes import Brakes
from dispatcher.model.order import OrderRecord
from dispatcher.rules.withdrawal import why_withdrawn

log = logger(__name__)

_LONGEST_TURN_S = 1.0
_CUT_OFF = timedelta(seconds=15)
"""An intent older than this is not being queued any more: every step of queueing has a shorter deadline."""


class Tend:
    """Renews documents and withdraws calls."""

    name = "tend"

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody
        # Brakes are read one after another: an older reading must not undo what a newer one has told.
        self._looking = asyncio.Lock()

    async def heed_brakes(self) -> None:
        """Queue nothing more against the operator's brakes from now on; the next turn takes back what waits."""
        async with self._looking:
            self._heed(await self._context.database.read(brakes.current))

    def _heed(self, found: Brakes) -> None:
        context = self._context
        if found != context.book.brakes:
            log.info(
                "brakes changed",
                everything=found.everything,
                campaigns=dict(found.campaigns),
                phones=dict(found.phones),
            )
            context.book.brakes = found
            context.book.stir()
            context.nudge("dispatch")

    async def run_once(self) -> float:
        """Judge every unbegun call, take back what may not be dialled any more, and renew the rest."""
        context = self._context
        now = context.clock.now()
        async with self._looking:
            found_brakes, unbegun, records = await context.database.read(_look)
            self._heed(found_brakes)
        withdrawn: list[tuple[Attempt, str]] = []
        kept: dict[str, list[Attempt]] = {}
        for attempt in unbegun:
            why = self._against(attempt, records.get(attempt.order), now)
            if why is not None:
                withdrawn.append((attempt, why))
            elif attempt.state is State.QUEUED:
                kept.setdefault(attempt.phone, []).append(attempt)
        if withdrawn:
            freed = await take_back(context, self._custody, withdrawn)
            by_reason = Counter(why for _, why in withdrawn)
            log.info("calls withdrawn", calls=len(withdrawn), taken_back=freed, why=dict(by_reason))
        # A stale mirror, a skewed clock: nothing is taken back, but nothing is kept alive either.
        if not context.book.conditions(now):
            for phone, waiting in kept.items():
                await self._renew(phone, waiting, now)
        return min(_LONGEST_TURN_S, context.settings.hopper.lease.total_seconds() / 3)

    def _against(self, attempt: Attempt, record: OrderRecord | None, now: datetime) -> str | None:
        """Return why a call may not be begun any more, as a word for the record; None if it may."""
        if attempt.state is State.INTENT and now - attempt.created_at > _CUT_OFF:
            return "queueing_cut_off"
        plan = self._context.book.plans.get(attempt.campaign)
        return why_withdrawn(
            plan,
            self._context.book.reasons(plan, now, record) if plan else [],
            record,
            queued_by=attempt.basis,
            not_after=attempt.not_after,
            at=now,
        )

    async def _renew(self, phone: str, waiting: Sequence[Attempt], now: datetime) -> None:
        context = self._context
        if not await self._custody.hold(phone):
            return
        lease_ends = now + context.settings.hopper.lease
        deadlines = {attempt.job: min(attempt.not_after, lease_ends) for attempt in waiting}
        try:
            there = await context.queue.renew(phone, deadlines)
        except LostHopperError:
            self._custody.lose(phone)
            return
        gone = [(attempt, "not_taken_in_time") for attempt in waiting if not there[attempt.job]]
        if gone:
            await take_back(context, self._custody, gone)


def _look(connection: Connection) -> tuple[Brakes, list[Attempt], Mapping[str, OrderRecord]]:
    unbegun = [attempt for attempt in attempts.live(connection) if attempt.state in UNBEGUN]
    return brakes.current(connection), unbegun, orders.known(connection, {attempt.order for attempt in unbegun})
