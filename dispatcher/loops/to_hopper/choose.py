"""Choosing the orders that are called next, and writing their intents: one transaction."""

import os
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatcher import metrics
from dispatcher.loops.to_hopper.slots import Offer, Offers
from dispatcher.mirror import attempts, history, orders
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.database import Connection
from dispatcher.model.basis import basis
from dispatcher.model.order import OrderRecord
from dispatcher.rules import decision, recipient
from dispatcher.rules.eligibility import not_after, order_reasons, spacing_of
from dispatcher.rules.fairness import Turns
from dispatcher.rules.last_call import NO_GUARD, Guard
from dispatcher.rules.offsets import EPOCH
from dispatcher.rules.plan import Plan
from dispatcher.rules.spacing import spacing_reasons
from dispatcher.settings import Settings

_FIRST_BATCH = 8
_BATCH = 50
_MOST_BATCHES = 20
_LOOK_AGAIN = timedelta(hours=1)
"""When to judge an order anew that no known instant frees."""

_SOONEST = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Chosen:
    """An order with an intent, on its way into the hopper."""

    intent: Intent
    plan: Plan
    record: OrderRecord


@dataclass(frozen=True, slots=True)
class Terms:
    """What binds a campaign beside its plan: its guard, and since when an order must have been listed."""

    guard: Guard = NO_GUARD
    seen_since: datetime = EPOCH


def choose(
    connection: Connection,
    wanted: Sequence[tuple[Plan, int]],
    settings: Settings,
    now: datetime,
    terms_of: Callable[[str], Terms] = lambda _campaign: Terms(),
) -> tuple[list[Chosen], dict[str, datetime | None]]:
    """Choose up to so many orders of each plan and write their intents; `terms_of` tells the terms of a campaign.

    Returns them, and the campaigns that have no order due, each with the instant at which one will be.
    """
    chosen: list[Chosen] = []
    dry: dict[str, datetime | None] = {}
    for plan, number in wanted:
        found = _choose_for(connection, plan, number, settings, now, terms_of(plan.campaign.uuid))
        if not found:
            dry[plan.campaign.uuid] = orders.next_due(connection, plan.campaign.uuid, now)
        made = attempts.intend(connection, [one.intent for one in found], now)
        chosen += [one for one in found if one.intent.job in made]
    _count_shadows(chosen, settings, now)
    return chosen, dry


@dataclass(slots=True)
class Release:
    """What was chosen, the campaigns that have no order due, and the turns on each phone after that."""

    chosen: list[Chosen]
    dry: dict[str, datetime | None]
    turns: dict[str, Turns]


def share_out(
    connection: Connection,
    offers: Offers,
    turns: Mapping[str, Turns],
    settings: Settings,
    now: datetime,
    terms_of: Callable[[str], Terms],
) -> Release:
    """Choose orders for what phones may release, their campaigns taking turns; see `choose`.

    What a campaign cannot use goes to the others at once. `offers` is left with what nobody could use.
    """
    release = Release([], {}, {})
    for offer in offers.each:
        release.turns[offer.phone] = turns.get(offer.phone, Turns())
        while min(offer.calls, offers.total) > 0:
            # One that is being tried again has one call at a time, whichever campaign it is of.
            rooms = {name: min(room, _probes(offers, offer.plans[name], room)) for name, room in offer.rooms.items()}
            tried = any(offer.plans[name].campaign.assistant in offers.probes for name in rooms)
            slots = 1 if tried else min(offer.calls, offers.total)
            given, release.turns[offer.phone] = release.turns[offer.phone].share(rooms, settings.limits.weights, slots)
            if not given:
                break
            wanted = [(offer.plans[name], calls) for name, calls in given.items()]
            chosen, dry = choose(connection, wanted, settings, now, terms_of)
            release.chosen += chosen
            release.dry |= dry
            _take(offers, offer, given, chosen)
    return release


def _probes(offers: Offers, plan: Plan, room: int) -> int:
    return offers.probes.get(plan.campaign.assistant or "", room)


def _take(offers: Offers, offer: Offer, given: Mapping[str, int], chosen: Sequence[Chosen]) -> None:
    """Take what was chosen from the offers, and leave out the campaigns that had less than they were given."""
    got = Counter(one.intent.campaign for one in chosen)
    offer.calls -= len(chosen)
    offers.total -= len(chosen)
    for name, calls in given.items():
        assistant = offer.plans[name].campaign.assistant or ""
        if assistant in offers.probes:
            offers.probes[assistant] -= got[name]
        offer.rooms[name] -= got[name]
        if got[name] < calls:
            del offer.rooms[name]


def _choose_for(
    connection: Connection, plan: Plan, number: int, settings: Settings, now: datetime, terms: Terms
) -> list[Chosen]:
    chosen: dict[str, Chosen] = {}  # by number: two orders of one person take turns
    spacing = settings.retries.spacing()
    rules = settings.calling_rules.pack()
    memory = max(spacing.memory, rules.memory) if rules else spacing.memory
    of_campaign = decision.campaign_part(plan, now)
    for batch in range(_MOST_BATCHES):
        held: list[tuple[str, str, datetime]] = []
        # Where the first orders may be called, as most may, the rest need not be read.
        size = max(_BATCH if batch else _FIRST_BATCH, 2 * number)
        waiting = orders.waiting(connection, plan.campaign.uuid, now, size, seen_since=terms.seen_since)
        numbers = {record.e164 for record in waiting if record.e164}
        called = history.calls(connection, numbers, now - memory)
        for record in waiting:
            calls = called.get(record.e164 or "", [])
            own = spacing_of(record, now, spacing, rules)
            reasons = order_reasons(
                record,
                now,
                most_attempts=settings.retries.max_attempts,
                calling_rules=rules,
            ) or spacing_reasons(record.order.uuid, calls, now, own)
            if reasons:
                until = max(reasons[0].until or now + _LOOK_AGAIN, now + _SOONEST)
                held.append((record.order.uuid, reasons[0].code.value, until))
            elif record.e164 and record.e164 not in chosen and len(chosen) < number:
                country = record.order.country
                of_person = decision.recipient_part(record.e164, country, calls, now, calling_rules=rules, spacing=own)
                why = {**of_campaign, **of_person}
                chosen[record.e164] = _with_intent(plan, record, record.e164, settings, now, terms.guard, why)
        orders.hold(connection, held)
        # Another batch only helps if this one was used up by orders that had to be put off.
        if len(chosen) >= number or not held:
            break
    return list(chosen.values())


def _count_shadows(chosen: Sequence[Chosen], settings: Settings, now: datetime) -> None:
    """Count the calls that rules in shadow would have forbidden."""
    rules = settings.calling_rules.pack()
    if rules is None:
        return
    for one in chosen:
        for rule in recipient.would_block(one.intent.number, now, rules, one.record.order.country):
            metrics.WOULD_BLOCK.labels(rule).inc()


def _with_intent(
    plan: Plan,
    record: OrderRecord,
    number: str,
    settings: Settings,
    now: datetime,
    guard: Guard,
    why: dict[str, Any],
) -> Chosen:
    campaign, phone = plan.campaign, plan.phone
    if phone is None:
        raise AssertionError(f"campaign {campaign.uuid} was chosen without a phone")
    intent = Intent(
        job=os.urandom(16).hex(),
        order=record.order.uuid,
        campaign=campaign.uuid,
        phone=phone.uuid,
        number=number,
        ordinal=record.attempts + 1,
        basis=basis(campaign, phone, record.order),
        not_after=not_after(
            plan,
            number,
            now,
            calling_rules=settings.calling_rules.pack(),
            country=record.order.country,
            guard=guard,
        ),
        decision=why,
    )
    return Chosen(intent, plan, record)
