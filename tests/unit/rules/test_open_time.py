"""Gaps that count open time only, against a clock that is looked at minute by minute."""

from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.rules.open_time import FARTHEST, later_by_open_time
from dispatcher.rules.schedule import DAYS, Week, parse_schedule
from dispatcher.rules.windows import is_open
from dispatcher.rules.zones import zone

MINUTE, HOUR = timedelta(minutes=1), timedelta(hours=1)
BERLIN = zone("Europe/Berlin")
OFFICE = parse_schedule({day: {"start": "09:00", "end": "17:00"} for day in DAYS[:5]})
MONDAY = datetime(2026, 1, 12, tzinfo=UTC)
"""Midnight in UTC, one o'clock in Berlin."""


def later(at: datetime, gap: timedelta, week: Week = OFFICE) -> datetime:
    return later_by_open_time(week, BERLIN, at, gap)


def test_a_gap_within_the_hours_is_a_plain_one() -> None:
    assert later(MONDAY + 9 * HOUR, 2 * HOUR) == MONDAY + 11 * HOUR


def test_a_gap_goes_on_where_the_next_day_opens() -> None:
    assert later(MONDAY + 15 * HOUR + 50 * MINUTE, 30 * MINUTE) == MONDAY + 32 * HOUR + 20 * MINUTE


def test_a_gap_goes_on_after_the_weekend() -> None:
    friday = MONDAY + timedelta(days=4)
    assert later(friday + 15 * HOUR, 2 * HOUR) == friday + timedelta(days=3) + 9 * HOUR


def test_a_gap_that_begins_in_closed_hours_begins_when_they_end() -> None:
    assert later(MONDAY + 20 * HOUR, HOUR) == MONDAY + 33 * HOUR


def test_a_gap_that_ends_with_the_window_is_over_then() -> None:
    assert later(MONDAY + 15 * HOUR, HOUR) == MONDAY + 16 * HOUR


def test_no_gap_is_over_at_once_open_or_not() -> None:
    for at in (MONDAY, MONDAY + 10 * HOUR):
        assert later(at, timedelta()) == at


def test_an_instant_is_kept_to_the_microsecond() -> None:
    at = MONDAY + 15 * HOUR + timedelta(microseconds=1)
    assert later(at, 2 * HOUR) == MONDAY + 33 * HOUR + timedelta(microseconds=1)


def test_a_week_that_never_closes_has_plain_gaps() -> None:
    always = parse_schedule({day: {"start": "00:00", "end": "24:00"} for day in DAYS})
    assert later(MONDAY, timedelta(days=40), always) == MONDAY + timedelta(days=40)


def test_a_week_that_never_opens_has_plain_gaps() -> None:
    assert later(MONDAY, HOUR, Week(())) == MONDAY + HOUR


def test_a_week_that_is_hardly_ever_open_puts_nothing_off_for_years() -> None:
    minute = parse_schedule({"sun": {"start": "09:00", "end": "09:01"}})
    assert later(MONDAY, 2 * HOUR, minute) == MONDAY + timedelta(days=366)
    assert later(MONDAY, timedelta(days=400), minute) == MONDAY + timedelta(days=400)


@pytest.mark.parametrize("minutes", [0, 30])
def test_the_farthest_instant_is_the_end_also_when_the_week_opens_then_or_is_open(minutes: int) -> None:
    sundays = parse_schedule({"sun": {"start": "09:00", "end": "10:00"}})
    farthest = datetime(2026, 1, 11, 8, minutes, tzinfo=UTC)
    assert later(farthest - FARTHEST, 52 * HOUR + 45 * MINUTE, sundays) == farthest


def test_an_hour_that_comes_twice_counts_twice() -> None:
    night = parse_schedule({"sun": {"start": "02:00", "end": "03:00"}})
    autumn = datetime(2026, 10, 25, tzinfo=UTC)
    assert later(autumn, 2 * HOUR, night) == autumn + 2 * HOUR


def test_an_hour_that_is_skipped_does_not_count() -> None:
    night = parse_schedule({"sun": {"start": "01:00", "end": "04:00"}})
    spring = datetime(2026, 3, 29, tzinfo=UTC)
    assert later(spring, 2 * HOUR, night) == spring + 2 * HOUR
    assert later(spring, 2 * HOUR + MINUTE, night) > spring + timedelta(days=6)


TIMES = st.builds("{:02}:{:02}".format, st.integers(0, 23), st.sampled_from([0, 1, 30, 59]))
WINDOWS = st.fixed_dictionaries({"start": TIMES, "end": TIMES}).filter(lambda window: window["start"] != window["end"])
SCHEDULES = st.dictionaries(st.sampled_from(DAYS), st.lists(WINDOWS, min_size=1, max_size=2), min_size=1)
PLACES = st.sampled_from(
    ["Europe/Berlin", "America/New_York", "Australia/Lord_Howe", "Antarctica/Troll", "Asia/Kathmandu", "Pacific/Apia"]
)
STARTS = st.sampled_from([datetime(2026, 3, 28, tzinfo=UTC), datetime(2026, 10, 24, tzinfo=UTC), MONDAY])


@settings(max_examples=60, deadline=None)
@given(
    schedule=SCHEDULES,
    name=PLACES,
    at=st.builds(lambda start, minutes: start + minutes * MINUTE, STARTS, st.integers(0, 3 * 24 * 60)),
    gap=st.integers(0, 300),
)
def test_it_is_the_first_minute_by_which_so_many_open_ones_have_passed(
    schedule: dict[str, list[dict[str, str]]], name: str, at: datetime, gap: int
) -> None:
    week, place = parse_schedule(schedule), zone(name)
    moment, left = at, gap
    while left and moment < at + FARTHEST:
        left -= is_open(week, place, moment)
        moment += MINUTE
    assert later_by_open_time(week, place, at, gap * MINUTE) == moment
