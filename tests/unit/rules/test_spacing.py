from datetime import timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.model.reasons import Code
from dispatcher.rules.spacing import Call, Cap, Spacing, spacing_reasons, taken
from tests.unit.rules.things import NOON

HOUR, DAY = timedelta(hours=1), timedelta(days=1)
MICROSECOND = timedelta(microseconds=1)
NEVER = Spacing(caps=(), gap=timedelta(), gap_source="gap")
DAILY = Cap(3, DAY, "per_day")
WEEKLY = Cap(7, 7 * DAY, "per_week")
CAPPED = Spacing((DAILY, WEEKLY), HOUR, "gap")


def called(*hours_ago: float, order: str = "mine") -> list[Call]:
    return [Call(order, NOON - hours * HOUR) for hours in hours_ago]


def test_who_was_never_called_may_be_called() -> None:
    assert spacing_reasons("mine", [], NOON, CAPPED) == []


def test_without_caps_and_gap_nothing_stands_against_any_number_of_calls() -> None:
    assert spacing_reasons("mine", called(0, 0, 0, order="other"), NOON, NEVER) == []


def test_a_cap_is_reached_until_its_oldest_call_is_out_of_its_window() -> None:
    calls = called(20, 10, 5)
    [reason] = spacing_reasons("mine", calls, NOON, CAPPED)
    assert reason.code is Code.RECENT_ATTEMPT
    assert reason.detail == "3 of 3 calls to the number within 1 day are made (per_day)"
    assert reason.until == NOON + 4 * HOUR
    assert spacing_reasons("mine", calls, NOON + 4 * HOUR - MICROSECOND, CAPPED) != []
    assert spacing_reasons("mine", calls, NOON + 4 * HOUR, CAPPED) == []


def test_one_call_fewer_than_a_cap_allows_the_next() -> None:
    assert spacing_reasons("mine", called(20, 10), NOON, CAPPED) == []


def test_after_more_calls_than_a_lowered_cap_allows_enough_of_them_must_be_out() -> None:
    [reason] = spacing_reasons("mine", called(20, 15, 10, 5, 2), NOON, CAPPED)
    assert reason.until == NOON - 10 * HOUR + DAY


def test_without_a_gap_only_a_call_that_a_clock_ahead_has_begun_is_waited_for() -> None:
    [reason] = spacing_reasons("mine", called(-1, order="other"), NOON, NEVER)
    assert (reason.detail, reason.until) == ("another order called the number less than 0 s ago (gap)", NOON + HOUR)


def test_the_reason_that_holds_longest_comes_first() -> None:
    calls = called(2, 3, 4, 30, 60, 80, 100) + called(0.5, order="other")
    reasons = spacing_reasons("mine", calls, NOON, CAPPED)
    assert [reason.until for reason in reasons] == [NOON - 80 * HOUR + 7 * DAY, NOON - 3 * HOUR + DAY, NOON + HOUR / 2]


def test_another_order_of_the_person_waits_for_the_gap() -> None:
    calls = called(0.75, 3, order="other")
    [reason] = spacing_reasons("mine", calls, NOON, CAPPED)
    assert reason.detail == "another order called the number less than 1 hour ago (gap)"
    assert reason.until == NOON + HOUR / 4
    assert spacing_reasons("mine", calls, NOON + HOUR / 4, CAPPED) == []


def test_the_orders_own_calls_are_left_to_its_own_gaps() -> None:
    assert spacing_reasons("mine", called(0.1), NOON, CAPPED) == []


def test_a_call_of_a_clock_that_is_ahead_counts() -> None:
    assert len(spacing_reasons("mine", called(-1, -2, -3, order="other"), NOON, CAPPED)) == 2


def test_calls_matter_for_as_long_as_the_longest_rule() -> None:
    assert NEVER.memory == timedelta()
    assert CAPPED.memory == 7 * DAY
    assert Spacing((DAILY,), 2 * DAY, "gap").memory == 2 * DAY


def test_what_is_used_of_a_cap_is_told() -> None:
    assert taken(called(1, 23, 24, 25), NOON, DAILY) == 2


@pytest.mark.parametrize(
    ("within", "said"),
    [(30 * DAY, "30 days"), (2 * HOUR, "2 hours"), (timedelta(minutes=1), "1 minute"), (timedelta(seconds=90), "90 s")],
)
def test_lengths_are_said_in_the_largest_unit_that_fits(within: timedelta, said: str) -> None:
    [reason] = spacing_reasons("mine", called(0), NOON, Spacing((Cap(1, within, "x"),), timedelta(), "gap"))
    assert f" within {said} are made" in reason.detail


@given(
    ago=st.lists(st.timedeltas(timedelta(), 9 * DAY), max_size=20),
    most=st.integers(1, 5),
    within=st.timedeltas(timedelta(minutes=1), 8 * DAY),
    gap=st.timedeltas(timedelta(), DAY),
)
def test_whoever_waits_for_the_reasons_keeps_every_cap_and_gap_and_waits_no_longer_than_needed(
    ago: list[timedelta], most: int, within: timedelta, gap: timedelta
) -> None:
    calls = [Call("other", NOON - one) for one in ago]
    spacing = Spacing((Cap(most, within, "cap"),), gap, "gap")

    def allowed(at: timedelta) -> bool:
        recent = [one for one in ago if one + at < within]
        return len(recent) < most and all(one + at >= gap for one in ago)

    reasons = spacing_reasons("mine", calls, NOON, spacing)
    assert (not reasons) is allowed(timedelta())
    if reasons:
        assert reasons[0].until is not None
        wait = reasons[0].until - NOON
        assert allowed(wait)
        assert not allowed(wait - MICROSECOND)
