"""What stands against dialling a campaign, in the order in which a person would mend it.

1. what it lacks, the operator's brakes, and its window (`rules.eligibility`), pauses because calls failed, and a
   queue of its phone that may not be used for now;
2. what keeps the whole daemon from queueing;
3. orders that were last read too long ago, or of which none is due;
4. the limits of the moment, asked only of a campaign that nothing else keeps from being dialled.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any

from dispatcher.model.reasons import Code, Reason
from dispatcher.reports.facts import Facts, running, withheld
from dispatcher.reports.instants import iso
from dispatcher.rules import conditions, pacing
from dispatcher.rules.breaker import Pause, Scope
from dispatcher.rules.eligibility import campaign_reasons
from dispatcher.rules.last_call import Guard
from dispatcher.rules.plan import Plan
from dispatcher.rules.windows import open_for
from dispatcher.settings import Settings

_DIALER_PATIENCE = timedelta(seconds=3)
"""A worker need not say that it has begun a call: only after this is it certain that nobody took it."""

_CODES = {code.value: code for code in Code}

_PACE = timedelta(seconds=1)
"""A phone that may place its next call within this is being dialled from, at its own pace."""


def reasons_now(
    facts: Facts,
    plan: Plan,
    now: datetime,
    settings: Settings,
    *,
    guard: Guard,
    blocking: Sequence[Reason],
    with_orders: bool = True,
) -> list[Reason]:
    """Return every reason why the campaign is not dialled at `now`, the instant of the facts.

    `blocking` are the `daemon_reasons` of that instant, the same for every campaign. Whether an order is due is not
    asked for somebody who asks of one order.
    """
    found = reasons_at(facts, plan, now, guard)
    found += [one for scope, target, pause in _pauses(facts, plan) if (one := pause.reason(scope, target, now))]
    queue = withheld(facts.life, now).get(plan.campaign.phone or "")
    found += [queue] if queue else []
    stale = None
    known = plan.campaign.uuid in facts.orders_imported_at
    if not found and not known and not any(reason.code is Code.MIRROR_STALE for reason in blocking):
        read_at = facts.orders_seen_at.get(plan.campaign.uuid)
        stale = conditions.orders_stale(read_at, now, settings.sync.max_staleness)
    empty = no_orders(facts, plan) if with_orders else None
    found += [*blocking, *([stale] if stale else []), *([empty] if empty else [])]
    return found or _limits(facts, plan, now, settings)


def reasons_at(facts: Facts, plan: Plan, at: datetime, guard: Guard) -> list[Reason]:
    """Return the reasons that can be told for any instant: as things stand now, and by the clock of `at`."""
    return campaign_reasons(plan, at, facts.brakes, guard)


def no_orders(facts: Facts, plan: Plan) -> Reason | None:
    """Return the reason that no order is due at the instant of the facts; None if one is or nobody knows."""
    uuid = plan.campaign.uuid
    backlog = facts.backlog.get(uuid)
    if (backlog and backlog.due > 0) or (
        facts.orders_seen_at.get(uuid) is None and uuid not in facts.orders_imported_at
    ):
        return None
    live = facts.slots.in_campaign.get(uuid, 0)
    calling = f"; {live} {'call is' if live == 1 else 'calls are'} under way" if live else ""
    if backlog and backlog.waiting:
        detail = f"none of the {backlog.waiting} orders that wait is due{calling}"
        return Reason(Code.NO_ELIGIBLE_ORDERS, detail, backlog.next_due)
    return Reason(Code.NO_ELIGIBLE_ORDERS, f"no order waits to be called{calling}")


def daemon_reasons(facts: Facts, now: datetime, settings: Settings) -> list[Reason]:
    """Return what keeps everything from being queued: the mirror's age, and what a living daemon has said."""
    stale = conditions.stale(facts.synced_at, now, settings.sync.max_staleness)
    said = facts.life.conditions if facts.life is not None and running(facts.life, now) else {}
    return [
        *([stale] if stale else []),
        *(Reason(_CODES[code], said[code]) for code in said if code in _CODES and code != Code.MIRROR_STALE),
    ]


def document(reason: Reason) -> dict[str, Any]:
    """Return a reason as JSON."""
    return {"code": reason.code.value, "detail": reason.detail, "until": iso(reason.until)}


def _limits(facts: Facts, plan: Plan, now: datetime, settings: Settings) -> list[Reason]:
    limits, slots = settings.limits, facts.slots
    phone = plan.campaign.phone or ""
    full = [
        Reason(Code.CONCURRENCY_FULL, f"{calls} of {most} calls {whose} are under way (limits.{key})")
        for calls, most, whose, key in (
            (slots.on_phone.get(phone, 0), limits.phone_concurrency, "of the phone", "phone_concurrency"),
            (
                slots.in_campaign.get(plan.campaign.uuid, 0),
                limits.campaign_concurrency,
                "of the campaign",
                "campaign_concurrency",
            ),
            (slots.total, limits.total_concurrency, "in all", "total_concurrency"),
        )
        if most is not None and calls >= most
    ]
    full += _day(facts, phone, settings)
    if slots.on_phone.get(phone, 0) or slots.in_campaign.get(plan.campaign.uuid, 0):
        full += [one for scope, target, pause in _pauses(facts, plan) if (one := pause.trial(scope, target))]
    return full + _paced(facts, plan, now, settings)


def _pauses(facts: Facts, plan: Plan) -> list[tuple[Scope, str, Pause]]:
    """Return the pauses of the campaign's phone and assistant, be they over or not."""
    named = ((Scope.PHONE, plan.campaign.phone), (Scope.ASSISTANT, plan.campaign.assistant))
    return [(scope, name, facts.pauses[scope, name]) for scope, name in named if name and (scope, name) in facts.pauses]


def _day(facts: Facts, phone: str, settings: Settings) -> list[Reason]:
    """Return the reason that the phone has placed its calls of the day."""
    most, begun = settings.limits.phone_calls_per_day, facts.slots.begun.get(phone, ())
    if most is None:
        return []
    waiting = facts.slots.unbegun.get(phone, 0)
    left, again_at = pacing.left_of_day(begun, waiting, most)
    detail = (
        f"{len(begun) + waiting} of {most} calls of the phone within 24 hours are made (limits.phone_calls_per_day)"
    )
    return [] if left else [Reason(Code.DAILY_LIMIT_REACHED, detail, again_at)]


def _paced(facts: Facts, plan: Plan, now: datetime, settings: Settings) -> list[Reason]:
    """Return what the phone's pace keeps back for longer than a moment."""
    slots, phone, rate = facts.slots, plan.campaign.phone or "", settings.limits.phone_calls_per_second
    waiting, since = slots.unbegun.get(phone, 0), slots.unbegun_since.get(phone)
    if waiting >= pacing.deepest(rate) and since is not None and now - since > _DIALER_PATIENCE:
        calls = "1 call of the phone waits" if waiting == 1 else f"{waiting} calls of the phone wait"
        return [Reason(Code.RATE_LIMITED, f"{calls} for a dialer, and no more are queued until one takes a call")]
    waits = _first_call(plan, now, settings)
    if waits > _PACE:
        detail = "the phone's rate grows from nothing after an opening, and its first call is due later"
        return [Reason(Code.RATE_LIMITED, f"{detail} (schedule.opening_ramp)", now + waits)]
    last = slots.started.get(phone)
    pace = pacing.Pace(rate)
    if last is not None:
        pace = pace.spend(1, (last - now).total_seconds())
    wait = timedelta(seconds=pace.next_token_at(0.0))
    if wait <= _PACE:
        return []
    return [Reason(Code.RATE_LIMITED, f"the phone places {rate:g} calls a second at most", now + wait)]


def _first_call(plan: Plan, now: datetime, settings: Settings) -> timedelta:
    """Return how long after `now` the phone's first call since the opening is due; less than zero if it was."""
    length = settings.schedule.opening_ramp
    if plan.week is None or plan.zone is None:
        return timedelta(0)
    ramp = pacing.Ramp.of(plan.campaign.phone or "", length.total_seconds())
    due = timedelta(seconds=ramp.first_call_after(settings.limits.phone_calls_per_second))
    return due - open_for(plan.week, plan.zone, now, length)
