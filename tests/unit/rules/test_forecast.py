from collections.abc import Sequence
from dataclasses import replace
from datetime import timedelta
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.model.attempt import State
from dispatcher.model.order import OrderStatus
from dispatcher.model.reasons import Code
from dispatcher.rules.forecast import Forecast, Habit, Standing, Waiting, forecast, never, pace
from dispatcher.rules.windows import Window

from .things import NOON

HOUR = timedelta(hours=1)
SECOND = timedelta(seconds=1)
ONCE = Habit(0.5, (), open_hours_only=True)


def open_from(*hours: tuple[float, float]) -> list[Window]:
    """Open times, in hours from noon."""
    return [Window(NOON + opens * HOUR, NOON + closes * HOUR) for opens, closes in hours]


def due(orders: int, after: float = 0, attempts: int = 0) -> Waiting:
    return Waiting(orders, attempts, NOON + after * HOUR)


def done(waiting: Sequence[Waiting], *hours: tuple[float, float], rate: float = 1.0, habit: Habit = ONCE) -> Forecast:
    return forecast(waiting, open_from(*hours), NOON, rate, habit)


def hours_until(found: Forecast) -> float | None:
    return None if found.done_at is None else (found.done_at - NOON) / HOUR


def test_a_list_takes_as_long_as_its_calls_at_that_pace() -> None:
    assert done([due(7200)], (0, 8)) == Forecast(NOON + 2 * HOUR, 7200)


def test_closed_time_does_not_count() -> None:
    assert hours_until(done([due(7200)], (-3, 1), (20, 20.5), (44, 52))) == 44.5


def test_nothing_happens_before_the_first_opening() -> None:
    assert hours_until(done([due(3600)], (20, 28))) == 21


def test_what_is_due_later_is_waited_for() -> None:
    assert hours_until(done([due(3600, after=5), due(1800)], (0, 8))) == 6


def test_what_is_due_while_it_is_closed_waits_for_the_opening() -> None:
    assert hours_until(done([due(3600, after=5)], (0, 4), (20, 24))) == 21


def test_a_list_that_the_hours_do_not_suffice_for_is_never_done() -> None:
    assert done([due(7200)], (0, 1)) == Forecast(None, 7200)


def test_a_campaign_that_never_opens_is_never_done() -> None:
    assert done([due(1), due(1)]).done_at is None


def test_nothing_on_the_list_is_done_at_once() -> None:
    assert done([]) == Forecast(NOON, 0)


def test_half_of_the_calls_are_made_again_after_the_gap() -> None:
    habit = Habit(0.5, (2 * HOUR, 4 * HOUR), open_hours_only=False)

    # An hour, the gap of two, half an hour, the gap of four, a quarter.
    assert done([due(3600)], (0, 24), habit=habit) == Forecast(NOON + 7.75 * HOUR, 3600 + 1800 + 900)


def test_a_gap_may_pass_while_it_is_closed() -> None:
    habit = Habit(0.5, (20 * HOUR,), open_hours_only=False)

    assert hours_until(done([due(3600)], (0, 2), (24, 30), habit=habit)) == 24.5


def test_a_gap_may_pass_in_open_hours_only() -> None:
    habit = Habit(0.5, (2 * HOUR,), open_hours_only=True)

    assert hours_until(done([due(3600)], (0, 2), (24, 30), habit=habit)) == 25.5


def test_attempts_that_were_made_are_not_made_again() -> None:
    habit = Habit(1.0, (HOUR, HOUR), open_hours_only=True)

    assert done([due(10, attempts=2), due(10, attempts=1)], (0, 24), habit=habit).calls == 30


def test_less_than_half_a_call_is_none() -> None:
    assert hours_until(done([due(3)], (0, 8), habit=Habit(0.1, (HOUR,), open_hours_only=True))) == 3 / 3600


@pytest.mark.parametrize("open_hours_only", [True, False])
def test_a_further_round_may_be_too_much(*, open_hours_only: bool) -> None:
    habit = Habit(1.0, (HOUR, HOUR), open_hours_only=open_hours_only)

    assert done([due(3600)], (0, 2.5), habit=habit) == Forecast(None, 3 * 3600)


def test_a_pace_of_nearly_nothing_is_no_fault() -> None:
    assert done([due(10**9)], (0, 8), rate=1e-12).done_at is None


windows_of_weeks = st.lists(st.tuples(st.integers(1, 5000), st.integers(1, 5000)), min_size=1, max_size=12)
lists = st.lists(
    st.builds(
        Waiting, st.integers(1, 5000), st.integers(0, 4), st.integers(0, 20000).map(lambda m: NOON + m * 60 * SECOND)
    ),
    max_size=6,
)
habits = st.builds(
    Habit,
    st.floats(0, 1),
    st.lists(st.integers(0, 900).map(lambda minutes: minutes * 60 * SECOND), max_size=4),
    open_hours_only=st.booleans(),
)


def spread(gaps: list[tuple[int, int]]) -> list[Window]:
    """Open times made of a closed and an open length each, in minutes."""
    found, at = [], NOON - HOUR
    for closed, opened in gaps:
        opens = at + closed * 60 * SECOND
        at = opens + opened * 60 * SECOND
        found.append(Window(opens, at))
    return found


@settings(max_examples=100, deadline=None)
@given(windows_of_weeks, lists, habits, st.floats(0.001, 50), st.floats(1, 20))
def test_more_pace_never_means_later(
    gaps: list[tuple[int, int]], waiting: list[Waiting], habit: Habit, rate: float, faster: float
) -> None:
    slow = forecast(waiting, spread(gaps), NOON, rate, habit)
    fast = forecast(waiting, spread(gaps), NOON, rate * faster, habit)

    assert slow.done_at is None or (fast.done_at is not None and fast.done_at <= slow.done_at)
    assert fast.calls == slow.calls


@settings(max_examples=100, deadline=None)
@given(windows_of_weeks, lists, habits, st.floats(0.001, 50), st.integers(1, 500))
def test_a_longer_list_is_never_done_sooner(
    gaps: list[tuple[int, int]], waiting: list[Waiting], habit: Habit, rate: float, more: int
) -> None:
    few = forecast(waiting, spread(gaps), NOON, rate, habit)
    many = forecast([*waiting, Waiting(more, 0, NOON)], spread(gaps), NOON, rate, habit)

    assert many.done_at is None or (few.done_at is not None and few.done_at <= many.done_at)


@settings(max_examples=100, deadline=None)
@given(windows_of_weeks, st.integers(1, 100_000), st.floats(0.01, 50))
def test_the_open_time_until_the_end_is_exactly_what_the_calls_take(
    gaps: list[tuple[int, int]], orders: int, rate: float
) -> None:
    times = spread(gaps)
    found = forecast([Waiting(orders, 0, NOON)], times, NOON, rate, ONCE).done_at
    opened = [
        min(window.closes_at, found or window.closes_at) - max(window.opens_at, NOON)
        for window in times
        if window.closes_at > NOON and (found is None or window.opens_at < found)
    ]
    needed = timedelta(seconds=orders / rate)

    assert sum(opened, timedelta()) == needed if found else sum(opened, timedelta()) < needed


def limits(**changes: Any) -> dict[str, Any]:
    return {
        "phone_concurrency": 10,
        "phone_calls_per_second": 1.0,
        "campaign_concurrency": None,
        "total_concurrency": None,
    } | changes


@pytest.mark.parametrize(
    ("changes", "seconds", "shared", "rate", "by"),
    [
        ({}, 5, 1, 1.0, "limits.phone_calls_per_second"),
        ({}, 5, 4, 0.25, "limits.phone_calls_per_second"),
        ({}, 100, 1, 0.1, "limits.phone_concurrency"),
        ({}, 100, 2, 0.05, "limits.phone_concurrency"),
        ({"campaign_concurrency": 1}, 100, 2, 0.01, "limits.campaign_concurrency"),
        ({"total_concurrency": 2}, 100, 2, 0.02, "limits.total_concurrency"),
        ({}, 0, 1, 1.0, "limits.phone_calls_per_second"),
    ],
)
def test_the_tightest_limit_sets_the_pace(
    changes: dict[str, Any], seconds: int, shared: int, rate: float, by: str
) -> None:
    found = pace(seconds * SECOND, shared, **limits(**changes))

    assert found.calls_per_second == pytest.approx(rate)
    assert found.limited_by == by


@pytest.mark.parametrize(
    ("standing", "code"),
    [
        ({}, None),
        ({"live_state": State.DIALING}, None),
        ({"live_state": State.UNCERTAIN, "forbidden": True}, Code.ORDER_UNCERTAIN),
        ({"forbidden": True}, Code.DO_NOT_CALL),
        ({"status": OrderStatus.DO_NOT_CALL}, Code.DO_NOT_CALL),
        ({"closed_as": "completed"}, None),
        ({"closed_as": "do-not-call"}, Code.DO_NOT_CALL),
        ({"closed_as": "invalid-number"}, Code.NUMBER_INVALID),
        ({"closed_as": "exhausted"}, Code.ATTEMPTS_EXHAUSTED),
        ({"closed_as": "canceled"}, Code.ORDER_NOT_DIALABLE),
        ({"status": OrderStatus.CONTACTED, "dialable": False}, None),
        ({"has_number": False, "dialable": False}, Code.NUMBER_INVALID),
        ({"status": OrderStatus.FAILED, "dialable": False}, Code.ORDER_NOT_DIALABLE),
        ({"attempts": 3}, Code.ATTEMPTS_EXHAUSTED),
        ({"attempts": 2}, None),
        ({"held_code": "recipient_hours_closed"}, None),
        ({"held_code": "recipient_zone_unknown"}, Code.RECIPIENT_ZONE_UNKNOWN),
    ],
)
def test_orders_that_are_never_called_have_their_reason(standing: dict[str, Any], code: Code | None) -> None:
    assert never(replace(Standing(orders=1, status=OrderStatus.PLANNED), **standing), 3) is code
