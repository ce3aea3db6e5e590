from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.reasons import Code
from dispatcher.rules.breaker import Breaker, Pause, Policy, Scope

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
SECOND, MINUTE = timedelta(seconds=1), timedelta(minutes=1)
POLICY = Policy(share=0.5, least=10, within=2 * MINUTE, probe_after=MINUTE)


def hear(breaker: Breaker, calls: str, at: datetime = NOON, every: timedelta = SECOND) -> list[bool]:
    """Tell of calls that lasted a second each: `x` failed, `.` did not."""
    ends = [at + place * every for place in range(len(calls))]
    return [breaker.heard(POLICY, end - SECOND, end, failed=call == "x") for end, call in zip(ends, calls, strict=True)]


def paused(times: int = 1, since: datetime = NOON) -> Breaker:
    return Breaker(Pause(since, since + MINUTE, times, 10, 10))


@pytest.mark.parametrize("calls", ["xxxxxxxxxx", ".x.x.x.x.x", ".....xxxxx", "....xx.xxx"])
def test_half_of_ten_calls_within_two_minutes_begin_a_pause(calls: str) -> None:
    breaker = Breaker()
    assert hear(breaker, calls) == [False] * 9 + [True]
    assert breaker.pause is not None
    assert (breaker.resting, breaker.pause.times) == (True, 1)
    assert breaker.pause.until - breaker.pause.since == MINUTE
    assert (breaker.pause.failed, breaker.pause.calls) == (calls.count("x"), 10)


def test_of_fewer_calls_nothing_is_concluded() -> None:
    breaker = Breaker()
    assert not any(hear(breaker, "xxxxxxxxx"))
    assert not breaker.resting


def test_less_than_half_is_borne() -> None:
    breaker = Breaker()
    assert not any(hear(breaker, "..x" * 50))


def test_what_ended_too_long_ago_counts_no_more() -> None:
    breaker = Breaker()
    assert not any(hear(breaker, "xxxxxxxxx"))
    assert not any(hear(breaker, "x", NOON + 3 * MINUTE))
    assert not any(hear(Breaker(), "x" * 50, every=14 * SECOND))


def test_a_call_that_was_made_before_the_pause_says_nothing_of_the_time_after_it() -> None:
    breaker = paused()
    assert not breaker.heard(POLICY, NOON - SECOND, NOON + 10 * MINUTE, failed=False)
    assert breaker.resting


def test_a_call_that_does_not_fail_ends_the_pause_and_the_old_failures_are_forgotten() -> None:
    breaker = paused(3)
    assert breaker.heard(POLICY, NOON + 2 * MINUTE, NOON + 3 * MINUTE, failed=False)
    assert not breaker.resting
    # What was begun before that and fails now is old news.
    assert not breaker.heard(POLICY, NOON + 2 * MINUTE, NOON + 3 * MINUTE, failed=True)
    assert hear(breaker, "xxxxxxxxxx", NOON + 4 * MINUTE)[-1]
    assert breaker.pause is not None
    assert breaker.pause.times == 1


def test_each_further_failure_makes_the_pause_twice_as_long_up_to_32_times() -> None:
    breaker, at, lengths = paused(), NOON, []
    for _ in range(7):
        at += timedelta(days=1)
        assert breaker.heard(POLICY, at, at, failed=True)
        assert breaker.pause is not None
        lengths.append((breaker.pause.until - breaker.pause.since) / MINUTE)
    assert lengths == [2, 4, 8, 16, 32, 32, 32]


def test_a_pause_stands_against_calls_until_one_may_try() -> None:
    pause = Pause(NOON, NOON + MINUTE, 1, 6, 10)
    reason = pause.reason(Scope.PHONE, "phone_1", NOON)
    assert reason is not None
    assert (reason.code, reason.until) == (Code.PHONE_FAILING, NOON + MINUTE)
    assert reason.detail == "6 of 10 calls of phone phone_1 had failed: it rests until it is tried again"
    assert pause.reason(Scope.PHONE, "phone_1", NOON + MINUTE) is None
    trial = pause.trial(Scope.PHONE, "phone_1")
    assert trial is not None
    assert (trial.code, trial.until) == (Code.PHONE_FAILING, None)
    assert replace(pause, times=0).trial(Scope.PHONE, "phone_1") is None
    assert replace(pause, times=0).reason(Scope.PHONE, "phone_1", NOON) is None


def test_a_longer_pause_says_how_often_it_was_tried() -> None:
    reason = Pause(NOON, NOON + MINUTE, 3, 6, 10).reason(Scope.ASSISTANT, "ava", NOON)
    assert reason is not None
    assert reason.code is Code.ASSISTANT_FAILING
    assert "had failed, and 2 more since" in reason.detail


def test_a_clock_that_was_set_back_makes_no_pause_longer() -> None:
    pause = Pause(NOON, NOON + MINUTE, 1, 6, 10)
    assert pause.set_right(NOON) is pause
    hour_ago = NOON - timedelta(hours=1)
    assert pause.set_right(hour_ago).until == hour_ago + MINUTE


@given(calls=st.lists(st.tuples(st.booleans(), st.integers(0, 90)), max_size=80))
def test_a_pause_begins_exactly_when_the_calls_of_the_last_while_say_so(calls: list[tuple[bool, int]]) -> None:
    breaker, at, ended = Breaker(), NOON, list[tuple[datetime, bool]]()
    for failed, gap in calls:
        at += gap * SECOND
        ended.append((at, failed))
        lately = [one for one in ended if one[0] > at - POLICY.within]
        due = len(lately) >= 10 and sum(failed for _, failed in lately) * 2 >= len(lately)
        assert breaker.heard(POLICY, at, at, failed=failed) == due
        if due:
            break


@given(tries=st.lists(st.booleans(), max_size=30))
def test_only_a_good_call_ends_a_pause_and_no_pause_is_longer_than_half_an_hour(tries: list[bool]) -> None:
    breaker = paused()
    for failed in tries:
        assert breaker.pause is not None
        at = breaker.pause.until
        assert breaker.heard(POLICY, at, at + SECOND, failed=failed)
        assert breaker.resting == failed
        assert breaker.pause.until - breaker.pause.since <= 32 * MINUTE
        if not failed:
            break
