from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.outcome import Outcome
from dispatcher.rules.plan import Plan
from dispatcher.rules.retry import EXHAUSTED, Next, RetryPolicy, after
from tests.unit.rules.things import a_plan

AT = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
WEEK = timedelta(days=7)
POLICY = RetryPolicy(
    most_attempts=3,
    gaps={Outcome.BUSY: timedelta(minutes=15), Outcome.NO_ANSWER: timedelta(hours=2)},
    growth=2.0,
)

policies = st.builds(
    RetryPolicy,
    most_attempts=st.integers(1, 2000),
    gaps=st.fixed_dictionaries({Outcome.BUSY: st.timedeltas(timedelta(milliseconds=1), timedelta(days=40))}),
    growth=st.floats(1, 1e6),
)


@pytest.mark.parametrize("outcome", sorted(set(Outcome) - set(POLICY.gaps)))
def test_an_outcome_that_is_not_tried_again_closes_the_order(outcome: Outcome) -> None:
    assert after(outcome, 1, AT, POLICY) == Next(outcome.value, None)


@pytest.mark.parametrize(("attempts", "gap"), [(1, timedelta(minutes=15)), (2, timedelta(minutes=30))])
def test_each_wait_grows(attempts: int, gap: timedelta) -> None:
    assert after(Outcome.BUSY, attempts, AT, POLICY) == Next(None, AT + gap)


@pytest.mark.parametrize("attempts", [3, 4])
def test_the_last_attempt_exhausts_the_order(attempts: int) -> None:
    assert after(Outcome.NO_ANSWER, attempts, AT, POLICY) == Next(EXHAUSTED, None)


def test_a_wait_grows_no_further_than_a_week() -> None:
    policy = RetryPolicy(most_attempts=100, gaps=POLICY.gaps, growth=1000.0)
    assert after(Outcome.BUSY, 50, AT, policy) == Next(None, AT + WEEK)


def test_growth_beyond_all_numbers_is_a_week_too() -> None:
    policy = RetryPolicy(most_attempts=1000, gaps=POLICY.gaps, growth=1e6)
    assert after(Outcome.BUSY, 999, AT, policy) == Next(None, AT + WEEK)


def test_a_gap_of_more_than_a_week_is_kept_as_it_was_asked_for() -> None:
    policy = RetryPolicy(most_attempts=3, gaps={Outcome.BUSY: 2 * WEEK}, growth=2.0)
    assert after(Outcome.BUSY, 1, AT, policy) == Next(None, AT + 2 * WEEK)
    assert after(Outcome.BUSY, 2, AT, policy) == Next(None, AT + 2 * WEEK)


@given(policy=policies, attempts=st.integers(1, 2000))
def test_waits_never_shrink_and_stay_within_bounds(policy: RetryPolicy, attempts: int) -> None:
    first, this = after(Outcome.BUSY, attempts, AT, policy), after(Outcome.BUSY, attempts + 1, AT, policy)
    if this.retry_at is None:
        assert this.closed_as == EXHAUSTED
        assert attempts + 1 >= policy.most_attempts
        return
    gap = policy.gaps[Outcome.BUSY]
    assert first.retry_at is not None
    assert AT + gap <= first.retry_at <= this.retry_at <= AT + max(gap, WEEK)


def test_a_wait_that_counts_open_hours_goes_on_where_the_campaign_opens() -> None:
    # The campaign closes at 17:00 in Berlin, four hours after AT, and opens at 09:00.
    policy = replace(POLICY, gaps={Outcome.BUSY: timedelta(hours=5)}, open_hours_only=True)
    assert after(Outcome.BUSY, 1, AT, policy, a_plan()) == Next(None, AT + timedelta(hours=21))


def test_a_wait_counts_every_hour_where_that_is_asked_for() -> None:
    policy = replace(POLICY, gaps={Outcome.BUSY: timedelta(hours=5)})
    assert after(Outcome.BUSY, 1, AT, policy, a_plan()) == Next(None, AT + timedelta(hours=5))


@pytest.mark.parametrize("plan", [None, a_plan(schedule=None), a_plan(timezone="Mars/Olympus")])
def test_a_wait_counts_every_hour_where_nobody_knows_when_it_is_open(plan: Plan | None) -> None:
    policy = replace(POLICY, open_hours_only=True)
    assert after(Outcome.NO_ANSWER, 1, AT, policy, plan) == Next(None, AT + timedelta(hours=2))
