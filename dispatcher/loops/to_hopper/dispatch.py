"""Mirror to hopper: choose orders for the free slots, write intents, queue the calls, record them as queued.

In that order, so that a crash between any two steps leaves an attempt that can be told from the hopper's own state.
"""

import asyncio
from bisect import bisect_right
from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from dispatcher import metrics
from dispatcher.errors import LostHopperError
from dispatcher.hopper.document import document
from dispatcher.hopper.queue import QueuedCall
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.to_hopper.choose import Chosen, Terms, share_out
from dispatcher.loops.to_hopper.slots import Offer, Offers, Slots, by_phone
from dispatcher.mirror import attempts, orders
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State
from dispatcher.rules.fairness import Turns
from dispatcher.rules.plan import Plan

log = logger(__name__)

_TURN_S = 1.0
_LOOK_ANYWAY = timedelta(minutes=1)
"""A campaign that ran dry is looked at again after this: its orders may have been changed by another process."""

_PHONES_AT_ONCE = 25
"""So many phones share a transaction: what else there is to do, such as a pause, need not wait for all of them."""

_SHORTEST_WAIT_S = 0.05
"""At high rates calls are released in handfuls: a turn costs two transactions, however many calls it releases."""


class Dispatch:
    """Fills the free slots of each phone with the orders that may be dialled now."""

    name = "dispatch"

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody
        self._slots = Slots(context, custody)
        self._turns = dict[str, Turns]()
        self._last_phone = ""
        self._judged_by: object = None

    async def resume(self) -> None:
        """Go on where an earlier daemon left it: a restart is no reason to call faster, nor what failed."""
        context, now = self._context, self._context.clock.now()
        await self._slots.resume()
        # A call that ends now was hardly made before this.
        made_since = now - context.settings.breaker.within - context.settings.hopper.call_timeout
        await context.book.breakers.resume(context.database, context.settings.breaker.policy(), made_since, now)

    async def run_once(self) -> float:
        """Fill what is free now and return the seconds until there may be more to fill."""
        context = self._context
        now = context.clock.now()
        if self._judged_by is not (settings := context.settings):
            # Orders were put off by the rules of an earlier daemon, or by settings that have been changed since.
            await context.database.write(orders.release_holds)
            if settings.breaker.policy() is None:
                await context.book.breakers.clear(context.database)
            self._judged_by = settings
        if context.book.advance(now):
            context.nudge("tend")
            context.nudge("orders")
        await context.book.breakers.save(context.database)
        plans = [] if context.book.conditions(now) else context.book.dialing(now)
        if plans:
            offers = await self._slots.offers(plans, now)
            ring = self._in_turn(offers.each)
            for start in range(0, len(ring), _PHONES_AT_ONCE):
                if offers.total <= 0:
                    break
                some = Offers(ring[start : start + _PHONES_AT_ONCE], offers.total, offers.probes)
                await self._fill(some, now)
                offers.total = some.total
        return self._until_next(plans)

    def _in_turn(self, offers: Sequence[Offer]) -> list[Offer]:
        """Return the offers in order, beginning after the phone that released the last call: all share the total."""
        ordered = sorted(offers, key=lambda offer: offer.phone)
        start = bisect_right(ordered, self._last_phone, key=lambda offer: offer.phone)
        return ordered[start:] + ordered[:start]

    def _terms_of(self, now: datetime) -> Callable[[str], Terms]:
        book = self._context.book
        return lambda campaign: Terms(book.guard_of(campaign), book.seen_since(campaign, now))

    async def _fill(self, offers: Offers, now: datetime) -> None:
        context = self._context
        marks = {name: context.book.mark(name) for offer in offers.each for name in offer.plans}
        terms = {offer.phone: context.queue.term(offer.phone) for offer in offers.each}
        release = await context.database.write(
            share_out, offers, self._turns, context.settings, now, self._terms_of(now)
        )
        self._turns |= release.turns
        for campaign, until in release.dry.items():
            context.book.empty(campaign, min(until or now + _LOOK_ANYWAY, now + _LOOK_ANYWAY), marks[campaign])
        if not release.chosen:
            return
        by_phone: dict[str, list[Chosen]] = {}
        for one in release.chosen:
            by_phone.setdefault(one.intent.phone, []).append(one)
        self._last_phone = release.chosen[-1].intent.phone
        self._slots.spent({phone: len(calls) for phone, calls in by_phone.items()})
        queued = await asyncio.gather(
            *(self._queue(phone, calls, terms[phone]) for phone, calls in by_phone.items()), return_exceptions=True
        )
        entries = [entry for found in queued if not isinstance(found, BaseException) for entry in found]
        if entries:
            await context.database.write(_record, entries, context.clock.now())
        metrics.QUEUED.inc(sum(entry is not None for _, entry in entries))
        for found in queued:
            # An intent whose queueing was cut off is swept up by `tend`: nobody knows here whether it has run.
            if isinstance(found, BaseException):
                raise found

    async def _queue(self, phone: str, calls: Sequence[Chosen], term: int) -> list[tuple[Intent, str | None]]:
        """Put calls into a phone's queue; return for each the id of its entry, or None if it is not there."""
        context = self._context
        now = context.clock.now()
        # What was learnt since they were chosen stands in the book; what is learnt from here on, `tend` takes back.
        current = [one for one in calls if self._may_still(one, now)]
        entries: dict[str, str | None] = {one.intent.job: None for one in calls}
        try:
            asked = [self._call(one, now) for one in current]
            queued = await context.queue.enqueue(phone, asked, term) if asked else []
        except LostHopperError:
            # That answer also says that nothing was queued.
            self._custody.lose(phone)
        else:
            entries |= zip((one.intent.job for one in current), queued, strict=True)
        return [(one.intent, entries[one.intent.job]) for one in calls]

    def _may_still(self, one: Chosen, now: datetime) -> bool:
        book = self._context.book
        unchanged = book.plans.get(one.intent.campaign) is one.plan
        return unchanged and not book.conditions(now) and not book.reasons(one.plan, now, one.record)

    def _call(self, one: Chosen, now: datetime) -> QueuedCall:
        intent, plan = one.intent, one.plan
        if plan.phone is None or plan.campaign.assistant is None:
            raise AssertionError(f"campaign {plan.campaign.uuid} was chosen incomplete")
        return QueuedCall(
            job=intent.job,
            campaign=intent.campaign,
            order=intent.order,
            assistant=plan.campaign.assistant,
            not_after=intent.not_after,
            expires_at=min(intent.not_after, now + self._context.settings.hopper.lease),
            document=document(
                job=intent.job,
                attempt=intent.ordinal,
                plan=plan,
                phone=plan.phone,
                order=one.record.order,
                number=intent.number,
                queued_at=now,
                not_after=intent.not_after,
            ),
        )

    def _until_next(self, plans: Sequence[Plan]) -> float:
        """Return the seconds until a phone may release a call, a campaign opens or an order is due."""
        context = self._context
        now, monotonic = context.clock.now(), context.clock.monotonic()
        instants = (context.book.next_change(), context.book.next_stir(now))
        waits = [_TURN_S, *((instant - now).total_seconds() for instant in instants if instant is not None)]
        for phone in by_phone(plans):
            token_at = self._slots.next_token_at(phone)
            if token_at > monotonic:
                waits.append(max(_SHORTEST_WAIT_S, token_at - monotonic))
        return max(0.0, min(waits))


def _record(connection: Connection, queued: Sequence[tuple[Intent, str | None]], now: datetime) -> None:
    attempts.queued(connection, [(intent.job, entry) for intent, entry in queued if entry is not None], now)
    for intent, entry in queued:
        if entry is None:
            attempts.give_back(connection, intent.job, intent.order, State.REVOKED, "not_queued", now)
