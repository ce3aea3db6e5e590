"""Mirror to hopper: choose orders for the free slots, write intents, queue the calls, record them as queued.

In that order, so that a crash between any two steps leaves an attempt that can be told from the hopper's own state.
"""

import asyncio
from collections import Counter
from collections.abc import Iterable, Sequence
from datetime import datetime, timedelta

from dispatcher import metrics
from dispatcher.errors import LostHopperError
from dispatcher.hopper.document import document
from dispatcher.hopper.queue import QueuedCall
from dispatcher.log import logger
from dispatcher.loops.choose import Chosen, choose
from dispatcher.loops.context import Context
from dispatcher.loops.custody import Custody
from dispatcher.loops.settle import take_back
from dispatcher.mirror import attempts, orders
from dispatcher.mirror.attempts import Attempt, Intent
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import UNBEGUN, State
from dispatcher.rules import pacing
from dispatcher.rules.plan import Plan
from dispatcher.rules.windows import open_for

log = logger(__name__)

_TURN_S = 1.0
_LOOK_ANYWAY = timedelta(minutes=1)
"""A campaign that ran dry is looked at again after this: its orders may have been changed by another process."""

_SHORTEST_WAIT_S = 0.05
"""At high rates calls are released in handfuls: a turn costs two transactions, however many calls it releases."""


class Dispatch:
    """Fills the free slots of each phone with the orders that may be dialled now."""

    name = "dispatch"

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody
        self._paces: dict[str, pacing.Pace] = {}
        self._last_turn: dict[str, str] = {}
        self._judged_by: object = None

    async def resume(self) -> None:
        """Let pacing go on where an earlier daemon left it: a restart is no reason to call faster."""
        now = self._context.clock.now()
        started = await self._context.database.read(attempts.last_started, now - timedelta(minutes=1))
        for phone, at in started.items():
            since = (now - at).total_seconds()
            self._paces[phone] = self._pace(phone).spend(1, self._context.clock.monotonic() - max(0.0, since))

    async def run_once(self) -> float:
        """Fill what is free now and return the seconds until there may be more to fill."""
        context = self._context
        now = context.clock.now()
        if self._judged_by is not (settings := context.settings):
            # Orders were put off by the rules of an earlier daemon, or by settings that have been changed since.
            await context.database.write(orders.release_holds)
            self._judged_by = settings
        if context.book.advance(now):
            context.nudge("tend")
            context.nudge("orders")
        plans = [] if context.book.conditions(now) else context.book.dialing(now)
        if plans:
            # What Redis has forgotten may be on the line for as long as a begun call may be silent.
            since = now - context.settings.hopper.call_timeout
            live = await context.database.read(attempts.occupying, since)
            wanted = await self._wanted(plans, live)
            if wanted:
                await self._fill(wanted, now)
        return self._until_next(plans)

    async def _wanted(self, plans: Sequence[Plan], live: Sequence[Attempt]) -> list[tuple[Plan, int]]:
        """Share the free slots out: so many calls for each plan, in the order of their turns."""
        limits = self._context.settings.limits
        on_phone = Counter(attempt.phone for attempt in live)
        in_campaign = Counter(attempt.campaign for attempt in live)
        total = (limits.total_concurrency or len(live) + limits.phone_concurrency * len(plans)) - len(live)
        wanted: list[tuple[Plan, int]] = []
        for phone, sharing in _by_phone(plans).items():
            if not await self._custody.hold(phone):
                continue
            free = min(
                limits.phone_concurrency - on_phone[phone],
                self._tokens(phone, sharing.values()),
                await self._room(phone, live),
                total,
            )
            for campaign, share in pacing.turns(list(sharing), free, self._last_turn.get(phone)).items():
                ceiling = limits.campaign_concurrency
                allowed = share if ceiling is None else min(share, ceiling - in_campaign[campaign])
                if allowed > 0:
                    wanted.append((sharing[campaign], allowed))
                    self._last_turn[phone] = campaign
                    total -= allowed
        return wanted

    async def _room(self, phone: str, live: Sequence[Attempt]) -> int:
        """Return how many more calls may wait on a phone for a dialer to take them.

        Calls that are believed to wait are looked at if that is all that keeps others back: a worker need not say
        that it has begun one.
        """
        waiting = [attempt for attempt in live if attempt.phone == phone and attempt.state in UNBEGUN]
        most = pacing.deepest(self._context.settings.limits.phone_calls_per_second)
        if len(waiting) < most:
            return most - len(waiting)
        queued = [attempt for attempt in waiting if attempt.state is State.QUEUED]
        there = await self._context.watch.documents(phone, [attempt.job for attempt in queued])
        gone = [(attempt, "not_taken_in_time") for attempt in queued if not there[attempt.job]]
        if gone:
            await take_back(self._context, self._custody, gone)
        return most - len(waiting) + len(gone)

    async def _fill(self, wanted: Sequence[tuple[Plan, int]], now: datetime) -> None:
        context = self._context
        marks = {plan.campaign.uuid: context.book.mark(plan.campaign.uuid) for plan, _ in wanted}
        chosen, dry = await context.database.write(choose, wanted, context.settings, now, context.book.guard_of)
        for campaign, until in dry.items():
            context.book.empty(campaign, min(until or now + _LOOK_ANYWAY, now + _LOOK_ANYWAY), marks[campaign])
        by_phone: dict[str, list[Chosen]] = {}
        for one in chosen:
            by_phone.setdefault(one.intent.phone, []).append(one)
        for phone, calls in by_phone.items():
            self._paces[phone] = self._pace(phone).spend(len(calls), context.clock.monotonic())
        faults = await asyncio.gather(
            *(self._queue(phone, calls) for phone, calls in by_phone.items()), return_exceptions=True
        )
        for fault in faults:
            # An intent whose queueing was cut off is swept up by `tend`: nobody knows here whether it has run.
            if fault is not None:
                raise fault

    async def _queue(self, phone: str, calls: Sequence[Chosen]) -> None:
        """Put calls into a phone's queue, and record which of them are there."""
        context = self._context
        now = context.clock.now()
        # What was learnt since they were chosen stands in the book; what is learnt from here on, `tend` takes back.
        current = [one for one in calls if self._may_still(one, now)]
        entries: dict[str, str | None] = {one.intent.job: None for one in calls}
        try:
            queued = await context.queue.enqueue(phone, [self._call(one, now) for one in current]) if current else []
        except LostHopperError:
            # That answer also says that nothing was queued.
            self._custody.lose(phone)
        else:
            entries |= zip((one.intent.job for one in current), queued, strict=True)
        await context.database.write(_record, [(one.intent, entries[one.intent.job]) for one in calls], now)
        metrics.QUEUED.inc(sum(entry is not None for entry in entries.values()))

    def _may_still(self, one: Chosen, now: datetime) -> bool:
        book = self._context.book
        unchanged = book.plans.get(one.intent.campaign) is one.plan
        return unchanged and not book.conditions(now) and not book.reasons(one.plan, now)

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

    def _pace(self, phone: str) -> pacing.Pace:
        return self._paces.get(phone) or pacing.Pace(self._context.settings.limits.phone_calls_per_second)

    def _tokens(self, phone: str, plans: Iterable[Plan]) -> int:
        """Return how many calls a phone may release now, at the rate that it has by the last opening of the plans."""
        settings, now = self._context.settings, self._context.clock.now()
        ramp = pacing.Ramp.of(phone, settings.schedule.opening_ramp.total_seconds())
        since = min(
            open_for(plan.week, plan.zone, now, settings.schedule.opening_ramp).total_seconds()
            for plan in plans
            if plan.week is not None and plan.zone is not None
        )
        whole, monotonic = settings.limits.phone_calls_per_second, self._context.clock.monotonic()
        self._paces[phone] = self._pace(phone).at(ramp.rate(whole, since), monotonic)
        return self._paces[phone].tokens(monotonic) if since >= ramp.first_call_after(whole) else 0

    def _until_next(self, plans: Sequence[Plan]) -> float:
        """Return the seconds until a phone may release a call, a campaign opens or an order is due."""
        context = self._context
        now, monotonic = context.clock.now(), context.clock.monotonic()
        instants = (context.book.next_change(), context.book.next_stir(now))
        waits = [_TURN_S, *((instant - now).total_seconds() for instant in instants if instant is not None)]
        for phone in _by_phone(plans):
            token_at = self._pace(phone).next_token_at(monotonic)
            if token_at > monotonic:
                waits.append(max(_SHORTEST_WAIT_S, token_at - monotonic))
        return max(0.0, min(waits))


def _by_phone(plans: Sequence[Plan]) -> dict[str, dict[str, Plan]]:
    phones: dict[str, dict[str, Plan]] = {}
    for plan in plans:
        if plan.phone is not None:
            phones.setdefault(plan.phone.uuid, {})[plan.campaign.uuid] = plan
    return phones


def _record(connection: Connection, queued: Sequence[tuple[Intent, str | None]], now: datetime) -> None:
    attempts.queued(connection, [(intent.job, entry) for intent, entry in queued if entry is not None], now)
    for intent, entry in queued:
        if entry is None:
            attempts.give_back(connection, intent.job, intent.order, State.REVOKED, "not_queued", now)
