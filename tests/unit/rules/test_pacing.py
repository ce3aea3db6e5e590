from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dispatcher.rules.pacing import DAY, Pace, Ramp, deepest, left_of_day

rates = st.floats(0.01, 1000)


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


def test_a_changed_rate_counts_from_now_on() -> None:
    pace = Pace(1.0).spend(1, 0.0)
    assert pace.at(1.0, 0.5) is pace
    # Of the 1.1 that a full bucket holds, 0.1 is left at first, and 0.6 after half a second.
    assert pace.at(0.1, 0.5).next_token_at(0.5) == pytest.approx(0.5 + 0.4 / 0.1)
    assert pace.at(10.0, 0.0).next_token_at(0.0) == pytest.approx(0.9 / 10)


@given(first=rates, second=rates, spent=st.integers(0, 20), now=st.floats(0, 1000), wait=st.floats(0, 100))
def test_a_changed_rate_gives_and_takes_no_call(
    first: float, second: float, spent: int, now: float, wait: float
) -> None:
    pace = Pace(first).spend(spent, now) if spent else Pace(first)
    changed = pace.at(second, now + wait)
    assert changed.rate == second
    # A smaller bucket cannot hold what the larger one held.
    expected = min(pace.tokens(now + wait), Pace(second).tokens(now + wait))
    assert abs(changed.tokens(now + wait) - expected) <= (1 if second < first else 0)
    assert changed.tokens(now + wait) <= pace.tokens(now + wait)


def test_after_an_opening_the_rate_grows_evenly_to_its_limit() -> None:
    ramp = Ramp(300.0, 0.0)
    assert [ramp.rate(2.0, after) for after in (0, 150, 299, 300, 9999)] == pytest.approx([0.02, 1, 1.9933333, 2, 2])


def test_without_a_ramp_the_rate_is_whole_from_the_first_moment() -> None:
    ramp = Ramp(0.0, 0.0)
    assert ramp.rate(2.0, 0.0) == 2.0
    assert ramp.first_call_after(2.0) == 0.0


def test_the_first_call_comes_when_the_growing_rate_adds_up_to_one() -> None:
    assert Ramp(300.0, 0.0).first_call_after(1.5) == pytest.approx(20.0)
    assert Ramp(300.0, 0.75).first_call_after(1.5) == pytest.approx(10.0)


def test_a_slow_phone_begins_when_the_ramp_is_over() -> None:
    assert Ramp(60.0, 0.0).first_call_after(0.01) == 60.0


def test_each_phone_has_a_head_start_of_its_own_that_does_not_change() -> None:
    starts = [Ramp.of(f"phone_{number}", 60.0).head_start for number in range(1000)]
    assert starts == [Ramp.of(f"phone_{number}", 60.0).head_start for number in range(1000)]
    assert all(0 <= start < 1 for start in starts)
    # As even as chance is.
    assert all(150 < sum(fifth / 5 <= start < (fifth + 1) / 5 for start in starts) < 250 for fifth in range(5))


@given(
    whole=st.floats(0.01, 200),
    length=st.floats(0, 600),
    head_start=st.floats(0, 0.999),
    steps=st.lists(st.tuples(st.floats(0, 30), st.integers(0, 30)), min_size=1, max_size=60),
)
def test_a_ramp_never_releases_more_than_the_plain_limit_and_less_while_it_grows(
    whole: float, length: float, head_start: float, steps: list[tuple[float, int]]
) -> None:
    ramp, pace, now, rate_before = Ramp(length, head_start), Pace(whole), 0.0, 0.0
    released, grown = 0, 0.0
    for wait, wanted in steps:
        now += wait
        rate = ramp.rate(whole, now)
        assert rate_before <= rate <= whole
        # Between two turns the rate stays at what it was at the first of them.
        grown += wait * rate_before
        rate_before = rate
        pace = pace.at(rate, now)
        calls = min(wanted, pace.tokens(now)) if now >= ramp.first_call_after(whole) else 0
        pace = pace.spend(calls, now) if calls else pace
        released += calls
        assert released <= Pace(whole).burst + whole * now + 1e-3
        assert released <= Pace(rate).burst + grown + 1e-3


@pytest.mark.parametrize(("rate", "depth"), [(0.01, 1), (1.0, 1), (9.9, 1), (10.0, 2), (50.0, 6)])
def test_no_more_calls_wait_than_a_bucket_holds(rate: float, depth: int) -> None:
    assert deepest(rate) == depth


def test_a_call_that_waits_keeps_its_token_until_it_is_begun() -> None:
    pace = Pace(0.2).spend(1, 0.0)
    # A minute later it still waits: whoever takes it then begins the only call of the next five seconds.
    assert pace.tokens(60.0) == 1
    assert pace.reserve(1, 60.0).next_token_at(60.0) == pytest.approx(60 + 4.9)
    assert pace.reserve(0, 60.0) is pace


@given(rate=rates, spent=st.integers(0, 30), reserved=st.integers(1, 30), wait=st.floats(0, 100))
def test_a_reservation_never_gives_a_token_and_never_takes_more_than_the_calls(
    rate: float, spent: int, reserved: int, wait: float
) -> None:
    pace = Pace(rate).spend(spent, 0.0) if spent else Pace(rate)
    kept = pace.reserve(reserved, wait)
    assert kept.tokens(wait) <= pace.tokens(wait)
    assert kept.tokens(wait) >= min(pace.tokens(wait), int(pace.burst - reserved))


@given(rate=st.floats(0.05, 50), away=st.floats(1, 600), steps=st.lists(st.floats(0, 1), min_size=1, max_size=60))
def test_dialers_that_come_back_begin_no_more_than_a_burst_and_the_rate(
    rate: float, away: float, steps: list[float]
) -> None:
    """The dispatcher looks at what waits at each of its turns; the dialers take everything right after one."""
    pace, now = Pace(rate), 0.0
    depth = deepest(rate)
    pace = pace.spend(depth, now)
    now += away
    pace = pace.reserve(depth, now)  # it saw that they wait
    begun = [(now, depth)]
    linger = depth
    for step in steps:
        now += step
        pace, linger = pace.reserve(linger, now), 0
        calls = min(depth, pace.tokens(now))
        pace = pace.spend(calls, now) if calls else pace
        begun.append((now, calls))
        elapsed = now - begun[0][0]
        assert sum(calls for _, calls in begun) <= pace.burst + rate * elapsed + 1e-3


NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
MINUTE = timedelta(minutes=1)


@pytest.mark.parametrize(
    ("begun", "waiting", "expected"),
    [
        (0, 0, (3, None)),
        (1, 1, (1, None)),
        (3, 0, (0, NOON + DAY)),
        (2, 1, (0, NOON + DAY)),
        (4, 0, (0, NOON + MINUTE + DAY)),
        (0, 3, (0, None)),
        (1, 5, (0, None)),
    ],
)
def test_a_phone_places_so_many_calls_within_any_24_hours(
    begun: int, waiting: int, expected: tuple[int, datetime | None]
) -> None:
    assert left_of_day([NOON + place * MINUTE for place in range(begun)], waiting, 3) == expected


@given(most=st.integers(1, 5), gaps=st.lists(st.integers(0, 8 * 60), max_size=40))
def test_no_24_hours_ever_have_more_calls_than_the_limit(most: int, gaps: list[int]) -> None:
    now, begun = NOON, list[datetime]()
    for gap in gaps:
        now += gap * MINUTE
        recent = [at for at in begun if at > now - DAY]
        left, again_at = left_of_day(recent, 0, most)
        if left:
            begun.append(now)
        else:
            assert again_at is not None
            assert again_at > now
            assert len([at for at in begun if at > again_at - DAY]) < most
    for at in begun:
        assert len([other for other in begun if at <= other < at + DAY]) <= most
