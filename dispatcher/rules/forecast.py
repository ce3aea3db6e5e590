"""When a campaign's list will be done at the present pace, and which of its orders can never be called.

What is assumed, each on the side of a later end unless it says otherwise:

- calls leave at an even pace while the campaign is open, and not at all while it is closed;
- campaigns that share a phone and have orders waiting share its pace evenly, also while some of them are closed;
- so many attempts as lately lead to another one, and each takes up a slot for as long as lately;
- second attempts begin when all first ones are made and the gap after them is over, and so on;
- dialers take what is queued, and nobody adds orders, pauses or changes anything; caps on the calls to one person and
  the ramp after an opening hold nothing up (here the end may come later).
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.model.attempt import State
from dispatcher.model.order import OrderStatus
from dispatcher.model.outcome import Outcome
from dispatcher.model.reasons import Code
from dispatcher.rules.retry import EXHAUSTED
from dispatcher.rules.windows import Window

_LEAST = 0.5
"""Fewer calls than this, on average, are none."""

_NEVER = timedelta.max
_FINISHED = {
    None: None,
    Outcome.COMPLETED.value: None,
    Outcome.DO_NOT_CALL.value: Code.DO_NOT_CALL,
    Outcome.INVALID_NUMBER.value: Code.NUMBER_INVALID,
    EXHAUSTED: Code.ATTEMPTS_EXHAUSTED,
}
"""Why an order is never called again by what it was closed as; every other word says that it is not dialable."""


@dataclass(frozen=True, slots=True)
class Standing:
    """So many orders that stand alike: what the platform and we say of each, as in OrderRecord.

    `dialable` is False where the platform's status or document forbids a call; `held_code` is the reason code of the
    rule that holds them.
    """

    orders: int
    status: OrderStatus
    attempts: int = 0
    has_number: bool = True
    dialable: bool = True
    forbidden: bool = False
    closed_as: str | None = None
    live_state: State | None = None
    held_code: str | None = None


@dataclass(frozen=True, slots=True)
class Waiting:
    """So many orders with the same number of attempts begun that may be called from `due_at` (UTC) on."""

    orders: int
    attempts: int
    due_at: datetime


@dataclass(frozen=True, slots=True)
class Habit:
    """How calls go: the share of attempts that lead to another one, and the gap before each further attempt.

    An order has one attempt more than there are gaps. With `open_hours_only` gaps pass only while it is open.
    """

    retried: float
    gaps: Sequence[timedelta]
    open_hours_only: bool


@dataclass(frozen=True, slots=True)
class Pace:
    """Calls a second that a campaign may place, and the setting that allows no more."""

    calls_per_second: float
    limited_by: str


@dataclass(frozen=True, slots=True)
class Forecast:
    """When the list is done (UTC), after how many calls; None if the windows that were given do not suffice."""

    done_at: datetime | None
    calls: float


def never(standing: Standing, most_attempts: int) -> Code | None:
    """Return why such orders will not be called as things stand; None if they wait, are in a call, or were reached."""
    if standing.live_state is not None:
        return Code.ORDER_UNCERTAIN if standing.live_state is State.UNCERTAIN else None
    if standing.forbidden or standing.status is OrderStatus.DO_NOT_CALL:
        return Code.DO_NOT_CALL
    if standing.closed_as is not None or standing.status is OrderStatus.CONTACTED:
        return _FINISHED.get(standing.closed_as, Code.ORDER_NOT_DIALABLE)
    against = (
        (not standing.has_number, Code.NUMBER_INVALID),
        (not standing.dialable, Code.ORDER_NOT_DIALABLE),
        (standing.attempts >= most_attempts, Code.ATTEMPTS_EXHAUSTED),
        (standing.held_code == Code.RECIPIENT_ZONE_UNKNOWN, Code.RECIPIENT_ZONE_UNKNOWN),
    )
    return next((code for holds, code in against if holds), None)


def pace(
    call: timedelta,
    campaigns_on_phone: int,
    *,
    phone_concurrency: int,
    phone_calls_per_second: float,
    campaign_concurrency: int | None,
    total_concurrency: int | None,
) -> Pace:
    """Return the pace that the limits allow a campaign whose calls take up a slot for `call` on average."""
    seconds = max(call.total_seconds(), 1e-3)
    ceilings = [
        Pace(phone_calls_per_second / campaigns_on_phone, "limits.phone_calls_per_second"),
        Pace(phone_concurrency / seconds / campaigns_on_phone, "limits.phone_concurrency"),
        *([Pace(campaign_concurrency / seconds, "limits.campaign_concurrency")] if campaign_concurrency else []),
        *([Pace(total_concurrency / seconds, "limits.total_concurrency")] if total_concurrency else []),
    ]
    return min(ceilings, key=lambda one: one.calls_per_second)


def forecast(
    waiting: Iterable[Waiting], open_times: Iterable[Window], at: datetime, calls_per_second: float, habit: Habit
) -> Forecast:
    """Return when orders that wait at `at` are done in the open times to come, which are in order.

    A list with nothing on it is done at `at`. The module says what is assumed.
    """
    listed = sorted(waiting, key=lambda one: one.due_at)
    rounds = _rounds(listed, habit)
    hours = _Hours(open_times)
    moment: datetime | None = at
    for one in listed:
        moment = hours.after(max(moment, one.due_at), one.orders / calls_per_second) if moment else None
    for calls, gap in zip(rounds, habit.gaps, strict=False):
        if moment is not None:
            over = hours.after(moment, gap.total_seconds()) if habit.open_hours_only else moment + gap
            moment = hours.after(over, calls / calls_per_second) if over else None
    return Forecast(moment, sum(one.orders for one in listed) + sum(rounds))


def _rounds(listed: Sequence[Waiting], habit: Habit) -> list[float]:
    """Return how many calls each further round of attempts will have, on average."""
    rounds = []
    for ordinal in range(1, len(habit.gaps) + 1):
        again = sum(one.orders for one in listed if one.attempts + ordinal <= len(habit.gaps))
        calls = again * habit.retried**ordinal
        if calls < _LEAST:
            break
        rounds.append(calls)
    return rounds


class _Hours:
    """The open times, walked through once from the first to the last."""

    def __init__(self, open_times: Iterable[Window]) -> None:
        self._rest: Iterator[Window] = iter(open_times)
        self._now: Window | None = next(self._rest, None)

    def after(self, at: datetime, seconds: float) -> datetime | None:
        """Return when it has been open for so many seconds since `at`, which never goes backwards; None if never."""
        left = _span(seconds)
        while self._now is not None:
            start = max(at, self._now.opens_at)
            if start < self._now.closes_at:
                if left <= self._now.closes_at - start:
                    return start + left
                left -= self._now.closes_at - start
            self._now = next(self._rest, None)
        return None


def _span(seconds: float) -> timedelta:
    try:
        return timedelta(seconds=seconds)
    except OverflowError:
        return _NEVER
