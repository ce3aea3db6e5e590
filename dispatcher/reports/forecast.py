"""When a campaign's list will be done, told from what the mirror holds."""

from collections import Counter
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from dispatcher.mirror import brakes, campaigns, outlook
from dispatcher.mirror.database import Connection
from dispatcher.mirror.outlook import Call
from dispatcher.model.brakes import Brakes
from dispatcher.model.outcome import outcome
from dispatcher.reports.guards import read_guard
from dispatcher.reports.instants import iso
from dispatcher.rules.eligibility import campaign_reasons
from dispatcher.rules.forecast import Forecast, Habit, Pace, Standing, Waiting, forecast, never, pace
from dispatcher.rules.last_call import Guard
from dispatcher.rules.lint import Sampled, first_lawful, places
from dispatcher.rules.plan import Plan
from dispatcher.rules.retry import after
from dispatcher.rules.windows import Window, windows
from dispatcher.settings import Settings

_HORIZON = timedelta(days=366)
_ENOUGH = 20
"""Calls that have ended, before they are taken to tell how calls go."""

_ASSUMED_CALL = timedelta(minutes=2)
_ASSUMED_RETRIED = 0.5
"""What is assumed until enough calls have ended: that half of them find nobody."""


@dataclass(frozen=True, slots=True)
class Outlook:
    """What is known of a campaign's list; `of` says whose the calls are: `campaign`, `all`, or `assumed` for none."""

    standings: Sequence[Standing]
    waiting: Sequence[Waiting]
    calls: Sequence[Call]
    of: str
    campaigns_on_phone: int
    brakes: Brakes
    guard: Guard


def read_outlook(connection: Connection, settings: Settings, plan: Plan, at: datetime) -> Outlook | None:
    """Read what a forecast needs; None while the campaign's orders have never been read to the end."""
    campaign = plan.campaign.uuid
    if campaign not in campaigns.orders_seen_at(connection) | campaigns.orders_imported_at(connection):
        return None
    calls, of = outlook.calls(connection, campaign), "campaign"
    if len(calls) < _ENOUGH:
        calls, of = outlook.calls(connection, None), "all"
    if len(calls) < _ENOUGH:
        calls, of = [], "assumed"
    return Outlook(
        standings=outlook.standings(connection, campaign),
        waiting=outlook.waiting(connection, campaign, at, settings.retries.max_attempts),
        calls=calls,
        of=of,
        campaigns_on_phone=max(1, outlook.campaigns_on(connection, plan.campaign.phone or "")),
        brakes=brakes.current(connection),
        guard=read_guard(connection, campaign, settings, at),
    )


def document(
    plan: Plan, known: Outlook | None, sampled: Sampled | None, at: datetime, settings: Settings
) -> dict[str, Any] | None:
    """Return the forecast as of `at` as JSON; None where nothing is known of the orders.

    `done_at` is null where nobody can tell, and `detail` says why. `never` counts by reason code the orders that will
    not be called as things stand.
    """
    if known is None:
        return None
    took = _mean([call.took for call in known.calls], _ASSUMED_CALL)
    habit = _habit(known.calls, at, settings)
    limits = settings.limits
    allowed = pace(
        took,
        known.campaigns_on_phone,
        phone_concurrency=limits.phone_concurrency,
        phone_calls_per_second=limits.phone_calls_per_second,
        campaign_concurrency=limits.campaign_concurrency,
        total_concurrency=limits.total_concurrency,
    )
    hours = list(_hours(plan, sampled, at, known.guard))
    found = forecast(known.waiting, hours, at, allowed.calls_per_second, habit)
    why = _why_not(plan, known, found, at)
    return {
        "at": iso(at),
        "done_at": None if why or found.done_at is None else iso(_minute_after(found.done_at)),
        "detail": why,
        "waiting": sum(one.orders for one in known.waiting),
        "calls": round(found.calls),
        "pace": _pace(allowed, known),
        "observed": {
            "calls": len(known.calls),
            "of": known.of,
            "call_s": round(took.total_seconds(), 1),
            "retried": round(habit.retried, 3),
        },
        "never": _never(known.standings, settings.retries.max_attempts),
    }


def _why_not(plan: Plan, known: Outlook, found: Forecast, at: datetime) -> str | None:
    """Return why nobody can tell when the list is done: what no passing of time ends, or too few open hours."""
    if not known.waiting:
        return "no order waits to be called"
    standing = [reason.detail for reason in campaign_reasons(plan, at, known.brakes) if reason.until is None]
    if standing:
        return f"nothing is called until this has changed: {'; '.join(standing)}"
    if found.done_at is None:
        return f"{_HORIZON.days} days of open hours in which the people may be called do not suffice"
    return None


def _hours(plan: Plan, sampled: Sampled | None, at: datetime, guard: Guard) -> Iterator[Window]:
    """Yield the open times to come, each from the first instant at which any number of the sample may be called."""
    if plan.week is None or plan.zone is None:
        return
    numbers = places(sampled.numbers) if sampled else []
    for window in windows(plan.week, plan.zone, at, at + _HORIZON):
        opens: datetime | None = window.opens_at
        if sampled and numbers:
            opens = first_lawful(window, numbers, sampled.forbids)
        closes = window.closes_at - guard.length
        if opens is not None and opens < closes:
            yield Window(opens, closes)


def _habit(calls: Sequence[Call], at: datetime, settings: Settings) -> Habit:
    """Return how calls go, by those that have ended: which share is tried again, and after how long on average."""
    policy = settings.retries.policy()
    again = [word for word in (outcome(call.outcome) for call in calls) if word in policy.gaps]
    words = again or list(policy.gaps)
    gaps = []
    for ordinal in range(1, policy.most_attempts):
        due = (after(word, ordinal, at, policy).retry_at for word in words)
        gaps.append(_mean([when - at for when in due if when is not None], timedelta()))
    return Habit(len(again) / len(calls) if calls else _ASSUMED_RETRIED, gaps, policy.open_hours_only)


def _pace(allowed: Pace, known: Outlook) -> dict[str, Any]:
    return {
        "calls_per_hour": round(allowed.calls_per_second * 3600, 1),
        "limited_by": allowed.limited_by,
        "campaigns_on_phone": known.campaigns_on_phone,
    }


def _never(standings: Sequence[Standing], most_attempts: int) -> Mapping[str, int]:
    found: Counter[str] = Counter()
    for standing in standings:
        code = never(standing, most_attempts)
        if code is not None:
            found[code.value] += standing.orders
    return dict(found.most_common())


def _minute_after(at: datetime) -> datetime:
    """Round up to a minute: a forecast knows no seconds."""
    whole = at.replace(second=0, microsecond=0)
    return whole if whole == at else whole + timedelta(minutes=1)


def _mean(spans: Sequence[timedelta], default: timedelta) -> timedelta:
    return sum(spans, timedelta()) / len(spans) if spans else default
