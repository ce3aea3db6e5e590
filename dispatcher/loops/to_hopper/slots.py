"""How many calls each phone may release now: its slots, its pace, its day, and what dialers have not taken yet."""

import asyncio
from collections import Counter
from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from dispatcher.loops.context import Context
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.mirror import attempts, slots
from dispatcher.mirror.slots import Taken
from dispatcher.model.attempt import UNBEGUN, State
from dispatcher.rules import pacing
from dispatcher.rules.breaker import Scope
from dispatcher.rules.plan import Plan
from dispatcher.rules.windows import open_for

_PHONES_AT_ONCE = 20
"""Each takes a connection to Redis, of which there is no endless number."""

_LOOK_ANYWAY = timedelta(minutes=1)
"""A phone that has placed its calls of the day is looked at again after this: a person may say that some were none."""


@dataclass(slots=True)
class Offer:
    """What one phone may release: so many calls of these plans, each up to its campaign's room."""

    phone: str
    plans: Mapping[str, Plan]
    rooms: dict[str, int]
    calls: int


@dataclass(slots=True)
class Offers:
    """What all phones may release; `total` and the `probes` of assistants are for all of them together."""

    each: list[Offer]
    total: int
    probes: dict[str, int] = field(default_factory=dict)


class Slots:
    """The limits, and what is left of them."""

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody
        self._paces: dict[str, pacing.Pace] = {}
        self._lingering: dict[str, set[str]] = {}
        self._full_until: dict[str, datetime] = {}

    async def resume(self) -> None:
        """Let pacing go on where an earlier daemon left it: a restart is no reason to call faster."""
        now = self._context.clock.now()
        started = await self._context.database.read(attempts.last_started, now - timedelta(minutes=1))
        for phone, at in started.items():
            since = (now - at).total_seconds()
            self._paces[phone] = self._pace(phone).spend(1, self._context.clock.monotonic() - max(0.0, since))

    async def offers(self, plans: Sequence[Plan], now: datetime) -> Offers:
        """Return what the phones of these plans may release now."""
        context, limits = self._context, self._context.settings.limits
        # What Redis has forgotten may be on the line for as long as a begun call may be silent.
        live = await context.database.read(slots.taken, now - context.settings.hopper.call_timeout)
        sharing = by_phone(plans)
        await self._look_again(live)
        probes = context.book.breakers.probes(live, self._assistant_of, now)
        on_phone, in_campaign = Counter(one.phone for one in live), Counter(one.campaign for one in live)
        most = limits.campaign_concurrency
        found = []
        for phone, sharers in sharing.items():
            calls = min(
                limits.phone_concurrency - on_phone[phone],
                self._tokens(phone, sharers.values()),
                probes.get((Scope.PHONE, phone), limits.phone_concurrency),
            )
            if calls > 0:
                rooms = {
                    name: limits.phone_concurrency if most is None else max(0, most - in_campaign[name])
                    for name in sharers
                }
                found.append(Offer(phone, sharers, rooms, calls))
        found = await self._within_the_day(await self._held(found), live, now)
        found = await self._within_the_depth(found, live)
        total = sum(offer.calls for offer in found)
        if limits.total_concurrency is not None:
            total = min(total, limits.total_concurrency - len(live))
        tried = {target: calls for (scope, target), calls in probes.items() if scope is Scope.ASSISTANT}
        return Offers(found, total, tried)

    def spent(self, calls: Mapping[str, int]) -> None:
        """Note how many calls each phone has released."""
        for phone, number in calls.items():
            self._paces[phone] = self._pace(phone).spend(number, self._context.clock.monotonic())

    def next_token_at(self, phone: str) -> float:
        """Return the monotonic instant at which the phone's pace lets it release a call."""
        return self._pace(phone).next_token_at(self._context.clock.monotonic())

    async def _held(self, offers: list[Offer]) -> list[Offer]:
        """Leave out the phones whose queues must be left alone."""
        if not offers:
            return []
        # The first asks who Redis is, if nobody knows yet; the others need not ask again.
        held = [await self._custody.hold(offers[0].phone)]
        room = asyncio.Semaphore(_PHONES_AT_ONCE)

        async def hold(phone: str) -> bool:
            async with room:
                return await self._custody.hold(phone)

        held += await asyncio.gather(*(hold(offer.phone) for offer in offers[1:]))
        return [offer for offer, may in zip(offers, held, strict=True) if may]

    async def _within_the_day(self, offers: list[Offer], live: Sequence[Taken], now: datetime) -> list[Offer]:
        """Cut offers down to what is left of each phone's calls of the last 24 hours."""
        most = self._context.settings.limits.phone_calls_per_day
        if most is None:
            return offers
        asked = [one for one in offers if not now < self._full_until.get(one.phone, now) <= now + _LOOK_ANYWAY]
        begun = await self._context.database.read(slots.begun, [one.phone for one in asked], now - pacing.DAY)
        waiting = Counter(one.phone for one in live if one.state in UNBEGUN)
        for offer in asked:
            left, again_at = pacing.left_of_day(begun.get(offer.phone, []), waiting[offer.phone], most)
            offer.calls = min(offer.calls, left)
            if left <= 0 and not waiting[offer.phone]:
                latest = now + _LOOK_ANYWAY
                self._full_until[offer.phone] = min(again_at or latest, latest)
        return [offer for offer in asked if offer.calls > 0]

    async def _within_the_depth(self, offers: list[Offer], live: Sequence[Taken]) -> list[Offer]:
        """Cut offers down to how many more calls may wait on each phone for a dialer to take them.

        Calls that are believed to wait are looked at if they are all that keeps others back: a worker need not say
        that it has begun one.
        """
        rate = self._context.settings.limits.phone_calls_per_second
        waiting: dict[str, list[Taken]] = {}
        for one in live:
            if one.state in UNBEGUN:
                waiting.setdefault(one.phone, []).append(one)
        deep = pacing.deepest(rate)
        full = {one.phone for one in offers if len(waiting.get(one.phone, ())) >= deep}
        await self._look(full, waiting)
        monotonic = self._context.clock.monotonic()
        for offer in offers:
            room = deep - len(waiting.get(offer.phone, ()))
            offer.calls = min(offer.calls, room, self._pace(offer.phone).tokens(monotonic))
        return [offer for offer in offers if offer.calls > 0]

    async def _look_again(self, live: Sequence[Taken]) -> None:
        """Look again at calls that were seen waiting: the pace counts from when a dialer takes them."""
        held = {phone for phone in self._lingering if await self._custody.hold(phone)}
        if held:
            waiting: dict[str, list[Taken]] = {}
            for one in live:
                if one.phone in held and one.state in UNBEGUN:
                    waiting.setdefault(one.phone, []).append(one)
            await self._look(held, waiting)

    async def _look(self, phones: Collection[str], waiting: dict[str, list[Taken]]) -> None:
        """See which of the calls that wait on phones are there still; the others are taken out of `waiting`."""
        asked = [one for phone in phones for one in waiting.get(phone, ()) if one.state is State.QUEUED]
        there = await self._context.watch.documents([(one.phone, one.job) for one in asked])
        # What a server that nobody is in charge of holds is not known: it waits, as far as anybody knows.
        gone = {one.job for one in asked if there.get(one.job) is False}
        if gone:
            known = await self._context.database.read(attempts.by_job, gone)
            await take_back(self._context, self._custody, [(one, "not_taken_in_time") for one in known.values()])
        now, monotonic = self._context.clock.now(), self._context.clock.monotonic()
        for phone in phones:
            waiting[phone] = [one for one in waiting.get(phone, ()) if one.job not in gone]
            # A token is spent when its call is begun, which is after this for those that wait, and perhaps at this
            # moment for those that were seen waiting before: or a dialer that comes back would begin those that have
            # waited, and as many again that were released while it was away.
            linger = {one.job for one in waiting[phone] if now - one.created_at >= pacing.LINGERING}
            taken = self._lingering.pop(phone, set()) - {one.job for one in waiting[phone]}
            self._paces[phone] = self._pace(phone).reserve(len(linger) + len(taken), monotonic)
            if linger:
                self._lingering[phone] = linger

    def _assistant_of(self, campaign: str) -> str | None:
        plan = self._context.book.plans.get(campaign)
        return plan.campaign.assistant if plan is not None else None

    def _pace(self, phone: str) -> pacing.Pace:
        return self._paces.get(phone) or pacing.Pace(self._context.settings.limits.phone_calls_per_second)

    def _tokens(self, phone: str, plans: Iterable[Plan]) -> int:
        """Return how many calls a phone may release now, at the rate that it has by the last opening of the plans."""
        settings, now = self._context.settings, self._context.clock.now()
        whole, monotonic = settings.limits.phone_calls_per_second, self._context.clock.monotonic()
        if not settings.schedule.opening_ramp:
            self._paces[phone] = self._pace(phone).at(whole, monotonic)
            return self._paces[phone].tokens(monotonic)
        ramp = pacing.Ramp.of(phone, settings.schedule.opening_ramp.total_seconds())
        since = min(
            open_for(plan.week, plan.zone, now, settings.schedule.opening_ramp).total_seconds()
            for plan in plans
            if plan.week is not None and plan.zone is not None
        )
        self._paces[phone] = self._pace(phone).at(ramp.rate(whole, since), monotonic)
        return self._paces[phone].tokens(monotonic) if since >= ramp.first_call_after(whole) else 0


def by_phone(plans: Sequence[Plan]) -> dict[str, dict[str, Plan]]:
    """Return the plans of each phone, by campaign."""
    phones: dict[str, dict[str, Plan]] = {}
    for plan in plans:
        if plan.phone is not None:
            phones.setdefault(plan.phone.uuid, {})[plan.campaign.uuid] = plan
    return phones
