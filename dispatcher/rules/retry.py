"""What becomes of an order after a call: it is closed, or it is due again after a gap."""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import inf

from dispatcher.model.outcome import Outcome
from dispatcher.rules.open_time import later_by_open_time
from dispatcher.rules.plan import Plan

EXHAUSTED = "exhausted"
"""What an order is closed as when its last attempt found nobody."""

_LONGEST_GAP = timedelta(days=7)


@dataclass(frozen=True, slots=True)
class RetryPolicy:
    """How often and when an order is tried again.

    `gaps` holds the wait after a first attempt for each outcome that is tried again; every other outcome closes the
    order. Each further wait is `growth` times the one before, up to a week. With `open_hours_only` a wait passes only
    while the campaign is open.
    """

    most_attempts: int
    gaps: Mapping[Outcome, timedelta]
    growth: float
    open_hours_only: bool = False


@dataclass(frozen=True, slots=True)
class Next:
    """What is next for an order: `closed_as` an outcome or EXHAUSTED, or due again at `retry_at` (UTC)."""

    closed_as: str | None
    retry_at: datetime | None


def after(outcome: Outcome, attempts: int, at: datetime, policy: RetryPolicy, plan: Plan | None = None) -> Next:
    """Return what follows the order's attempt number `attempts` (1 for the first) that ended at `at`.

    Where the campaign's plan is not known, or does not tell when it is open, a wait passes at any hour.
    """
    gap = policy.gaps.get(outcome)
    if gap is None:
        return Next(outcome.value, None)
    if attempts >= policy.most_attempts:
        return Next(EXHAUSTED, None)
    try:
        factor = policy.growth ** (attempts - 1)
    except OverflowError:
        factor = inf
    # A first gap of more than a week is what somebody asked for; it just grows no further.
    wait = gap * min(factor, max(1.0, _LONGEST_GAP / gap))
    if not policy.open_hours_only or plan is None or plan.week is None or plan.zone is None:
        return Next(None, at + wait)
    return Next(None, later_by_open_time(plan.week, plan.zone, at, wait))
