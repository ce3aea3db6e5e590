from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.pacing import Pace, deepest, turns

rates = st.floats(0.01, 1000)
names = st.lists(st.text("abcdef", min_size=1, max_size=2), unique=True, max_size=8)


def test_a_new_bucket_is_full() -> None:
    assert Pace(1.0).tokens(0.0) == 1
    assert Pace(100.0).tokens(0.0) == 11
    assert Pace(1.0).next_token_at(5.0) == 5.0


def test_one_call_a_second_is_one_call_a_second() -> None:
    pace = Pace(1.0).spend(1, 10.0)
    assert pace.tokens(10.0) == 0
    assert pace.tokens(10.8) == 0
    assert pace.tokens(11.0) == 1


@given(rate=rates, spent=st.integers(1, 50), now=st.floats(0, 1e6))
def test_the_next_token_comes_when_it_is_said_to_and_not_before(rate: float, spent: int, now: float) -> None:
    pace = Pace(rate).spend(spent, now)
    at = pace.next_token_at(now)
    assert at >= now
    assert pace.tokens(at) >= 1
    if at > now:
        assert pace.tokens(now) == 0
        assert pace.tokens(at - 0.01 / rate - 1e-6) == 0


@given(
    rate=rates,
    start=st.floats(0, 1e6),
    steps=st.lists(st.tuples(st.floats(0, 5), st.integers(0, 30)), min_size=1, max_size=40),
)
def test_no_span_of_time_releases_more_than_a_burst_and_the_rate(
    rate: float, start: float, steps: list[tuple[float, int]]
) -> None:
    pace, now = Pace(rate), start
    released: list[tuple[float, int]] = []
    for wait, wanted in steps:
        now += wait
        calls = min(wanted, pace.tokens(now))
        pace = pace.spend(calls, now) if calls else pace
        released.append((now, calls))
    for first in range(len(released)):
        for last in range(first, len(released)):
            total = sum(calls for _, calls in released[first : last + 1])
            elapsed = released[last][0] - released[first][0]
            assert total <= pace.burst + rate * elapsed + 1e-3


@given(rate=rates, idle=st.floats(0, 1e6))
def test_idle_time_saves_up_no_more_than_a_burst(rate: float, idle: float) -> None:
    pace = Pace(rate).spend(1, 0.0)
    assert pace.tokens(1 / rate + idle) <= pace.burst + 1e-5


@pytest.mark.parametrize(("rate", "depth"), [(0.01, 1), (1.0, 1), (2.5, 2), (50.0, 50)])
def test_no_more_calls_wait_than_a_second_would_release(rate: float, depth: int) -> None:
    assert deepest(rate) == depth


@pytest.mark.parametrize("slots", [0, -1])
def test_without_slots_nobody_has_a_turn(slots: int) -> None:
    assert turns(["a"], slots, None) == {}


def test_without_campaigns_nobody_has_a_turn() -> None:
    assert turns([], 5, "a") == {}


@pytest.mark.parametrize(
    ("slots", "last", "expected"),
    [
        (2, None, [("a", 1), ("b", 1)]),
        (2, "a", [("b", 1), ("c", 1)]),
        (2, "b", [("c", 1), ("a", 1)]),
        (2, "c", [("a", 1), ("b", 1)]),
        (2, "bb", [("c", 1), ("a", 1)]),
        (3, "a", [("b", 1), ("c", 1), ("a", 1)]),
        (4, "a", [("c", 1), ("a", 1), ("b", 2)]),
    ],
)
def test_turns_go_on_after_the_last_one(slots: int, last: str | None, expected: list[tuple[str, int]]) -> None:
    assert list(turns(["c", "a", "b"], slots, last).items()) == expected


@given(waiting=names, slots=st.integers(-3, 100), last=st.none() | st.text("abcdef", max_size=2))
def test_all_slots_are_shared_out_as_evenly_as_can_be(waiting: list[str], slots: int, last: str | None) -> None:
    shared = turns(waiting, slots, last)
    assert sum(shared.values()) == (max(0, slots) if waiting else 0)
    assert set(shared) <= set(waiting)
    assert all(share > 0 for share in shared.values())
    every = [shared.get(name, 0) for name in waiting]
    assert max(every, default=0) - min(every, default=0) <= 1


@given(waiting=names.filter(bool), slots=st.lists(st.integers(0, 12), max_size=30))
def test_over_any_number_of_turns_nobody_gets_more_than_one_call_more(waiting: list[str], slots: list[int]) -> None:
    got, last = dict.fromkeys(waiting, 0), None
    for free in slots:
        for name, share in turns(waiting, free, last).items():
            got[name] += share
            last = name
        assert max(got.values()) - min(got.values()) <= 1


@given(waiting=names.filter(bool))
def test_nobody_waits_longer_than_one_round(waiting: list[str]) -> None:
    served: list[str] = []
    last: str | None = None
    for _ in range(3 * len(waiting)):
        (last,) = turns(waiting, 1, last)
        served.append(last)
    for name in waiting:
        places = [place for place, one in enumerate(served) if one == name]
        assert all(after - before == len(waiting) for before, after in pairwise(places))
        assert len(places) == 3
