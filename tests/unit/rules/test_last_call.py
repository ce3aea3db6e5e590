from datetime import timedelta

import pytest

from dispatcher.rules.last_call import ASSUMED, ENOUGH, P95, Guard, guard, percentile

SECOND = timedelta(seconds=1)


def seconds(*lengths: float) -> list[timedelta]:
    return [timedelta(seconds=length) for length in lengths]


@pytest.mark.parametrize(
    ("lengths", "expected"),
    [
        (range(1, 101), 95),
        (range(100, 0, -1), 95),
        (range(1, 21), 19),
        (range(1, 22), 20),
        ([7], 7),
        ([0, 0, 0], 0),
        ([30] * 19 + [900], 30),
        ([30] * 18 + [900] * 2, 900),
    ],
)
def test_of_twenty_calls_nineteen_are_no_longer(lengths: list[int], expected: int) -> None:
    assert percentile(seconds(*lengths)) == expected * SECOND


@pytest.mark.parametrize(("length", "expected"), [(1.000001, 2), (1.999999, 2), (2.0, 2), (0.5, 1)])
def test_it_is_rounded_up_to_a_second(length: float, expected: int) -> None:
    assert percentile(seconds(length)) == expected * SECOND


def test_a_set_time_is_the_guard_whatever_the_calls_took() -> None:
    assert guard(timedelta(minutes=3), seconds(*[600] * 50)) == Guard(
        timedelta(minutes=3), "schedule.last_call_before_close"
    )


def test_too_few_calls_tell_nothing() -> None:
    for few in (0, ENOUGH - 1):
        found = guard(P95, seconds(*[30] * few))
        assert found.length == ASSUMED == timedelta(minutes=5)
        assert found.by == "schedule.last_call_before_close: assumed until 20 of its calls have ended"


def test_enough_calls_tell_the_guard_and_how_many_they_are() -> None:
    found = guard(P95, seconds(*range(1, ENOUGH + 1)))
    assert found == Guard(
        timedelta(seconds=19), "schedule.last_call_before_close: 95 % of its last 20 calls took no longer"
    )
