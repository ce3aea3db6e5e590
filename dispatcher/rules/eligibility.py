"""May this campaign be dialled now, and may this order? The answer is the list of what stands against it.

Whatever is not known stands against it. Instants are UTC and passed in.
"""

from dataclasses import replace
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatcher.model.attempt import State
from dispatcher.model.brakes import Brakes
from dispatcher.model.order import DIALABLE, Order, OrderRecord, OrderStatus
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.last_call import NO_GUARD, Guard
from dispatcher.rules.plan import Plan
from dispatcher.rules.recipient import attempt_caps, lawful_until, recipient_reason
from dispatcher.rules.rulepack import RulePack
from dispatcher.rules.schedule import Week
from dispatcher.rules.spacing import Spacing
from dispatcher.rules.windows import day_off, is_open, next_change

LONGEST = timedelta(days=1)
"""A call of a campaign that never closes may still not be begun later than this after it was queued."""


def campaign_reasons(plan: Plan, at: datetime, brakes: Brakes, guard: Guard = NO_GUARD) -> list[Reason]:
    """Return every reason why the campaign is not dialled at `at`, what a person must mend first."""
    found = list(plan.standing)
    uuid, phone = plan.campaign.uuid, plan.campaign.phone
    if brakes.everything is not None:
        found.append(Reason(Code.PAUSED_BY_OPERATOR, f"everything is paused: {brakes.everything}"))
    if uuid in brakes.campaigns:
        found.append(Reason(Code.PAUSED_BY_OPERATOR, f"the campaign is paused: {brakes.campaigns[uuid]}"))
    if phone in brakes.phones:
        found.append(Reason(Code.PHONE_PAUSED, f"the phone is paused: {brakes.phones[phone]}"))
    closed = window_reason(plan, at, guard)
    return [*found, closed] if closed else found


def window_reason(plan: Plan, at: datetime, guard: Guard = NO_GUARD) -> Reason | None:
    """Return the reason that the campaign's window is closed at `at`; None if it is open or not to be told.

    It is as good as closed while it is about to close, that is within its guard.
    """
    if plan.week is None or plan.zone is None:
        return None
    change = next_change(plan.week, plan.zone, at)
    if not is_open(plan.week, plan.zone, at):
        return Reason(Code.WINDOW_CLOSED, _closed(plan.week, plan.zone, at), change)
    if change is None or change - at > guard.length:
        return None
    return Reason(
        Code.WINDOW_CLOSED,
        f"the schedule closes at this time in {plan.zone.key}, and no call begins in the last"
        f" {guard.length.total_seconds():.0f} s before it closes ({guard.by})",
        next_change(plan.week, plan.zone, change),
    )


def _closed(week: Week, zone: ZoneInfo, at: datetime) -> str:
    day = day_off(week, zone, at)
    if day is not None:
        return f"{day} is a blackout date of the campaign in {zone.key} (schedule.blackout_dates)"
    return f"the schedule is closed at this time in {zone.key}"


def next_open(plan: Plan, at: datetime) -> datetime | None:
    """Return `at` if the campaign's window is open then, else when it opens next; None if that is not to be told."""
    if plan.week is None or plan.zone is None:
        return None
    return at if is_open(plan.week, plan.zone, at) else next_change(plan.week, plan.zone, at)


def order_reasons(
    record: OrderRecord, at: datetime, *, most_attempts: int, calling_rules: RulePack | None
) -> list[Reason]:
    """Return every reason why the order is not dialled at `at`, whatever its campaign says."""
    found = _platform_reasons(record, at) + _own_reasons(record, at, most_attempts)
    if record.e164 is None:
        found.append(Reason(Code.NUMBER_INVALID, record.order.fault or "the record's number is no telephone number"))
        return found
    if record.forbidden and record.order.status is not OrderStatus.DO_NOT_CALL:
        found.append(Reason(Code.DO_NOT_CALL, "the number is on the do-not-call list"))
    if calling_rules:
        unlawful = recipient_reason(record.e164, at, calling_rules, record.order.country)
        found += [unlawful] if unlawful else []
    return found


def _platform_reasons(record: OrderRecord, at: datetime) -> list[Reason]:
    order = record.order
    if order.status is OrderStatus.DO_NOT_CALL:
        return [Reason(Code.DO_NOT_CALL, "the person asked the platform not to be called")]
    if order.fault and record.e164 is not None:
        return [Reason(Code.ORDER_NOT_DIALABLE, f"the platform's document of the order is malformed: {order.fault}")]
    if order.status not in DIALABLE:
        return [Reason(Code.ORDER_NOT_DIALABLE, f"the order's status on the platform is {order.status}")]
    if not record.listed:
        return [Reason(Code.ORDER_NOT_DIALABLE, f"the platform no longer lists the order as {order.status}")]
    return _appointment(order, at)


def _appointment(order: Order, at: datetime) -> list[Reason]:
    if order.scheduled_at is None and order.status is OrderStatus.SCHEDULED:
        return [Reason(Code.ORDER_NOT_DIALABLE, "the order is scheduled, but the platform gives no time for it")]
    if order.scheduled_at is not None and order.scheduled_at > at:
        return [Reason(Code.ORDER_WAITING, "the order is scheduled for later", order.scheduled_at)]
    return []


def _own_reasons(record: OrderRecord, at: datetime, most_attempts: int) -> list[Reason]:
    found = []
    if record.live_state is State.UNCERTAIN:
        found.append(Reason(Code.ORDER_UNCERTAIN, "a call was perhaps begun, and nothing was heard of it since"))
    elif record.live_state is not None:
        found.append(Reason(Code.ORDER_IN_FLIGHT, f"an attempt of the order is {record.live_state}"))
    if record.closed_as is not None and record.attempts < most_attempts:
        found.append(Reason(Code.ORDER_NOT_DIALABLE, f"the order was finished here as {record.closed_as}"))
    if record.attempts >= most_attempts:
        found.append(Reason(Code.ATTEMPTS_EXHAUSTED, f"{record.attempts} of {most_attempts} attempts are made"))
    if record.retry_at is not None and record.retry_at > at and record.closed_as is None:
        found.append(Reason(Code.ORDER_WAITING, "the next attempt is due later", record.retry_at))
    return found


def spacing_of(record: OrderRecord, at: datetime, spacing: Spacing, calling_rules: RulePack | None) -> Spacing:
    """Return how often the order's person may be called: a spacing with the caps of the rules that bind at `at`."""
    if calling_rules is None or record.e164 is None:
        return spacing
    caps = attempt_caps(record.e164, at, calling_rules, record.order.country)
    return replace(spacing, caps=(*spacing.caps, *caps))


def not_after(
    plan: Plan,
    e164: str,
    at: datetime,
    *,
    calling_rules: RulePack | None,
    country: str | None = None,
    guard: Guard = NO_GUARD,
) -> datetime:
    """Return the last instant until which a call that may begin at `at` may still begin, its guard before closing.

    `country` is the one that the platform says the person is in.
    """
    ends = [at + LONGEST]
    if plan.week is not None and plan.zone is not None:
        closes = next_change(plan.week, plan.zone, at)
        ends += [closes - guard.length] if closes else []
    if calling_rules:
        unlawful_from = lawful_until(e164, at, calling_rules, country)
        ends += [unlawful_from] if unlawful_from else []
    return min(ends)
