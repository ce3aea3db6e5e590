"""Open times against a wall clock that is computed another way: from the raw JSON, by the library's own conversion."""

from collections.abc import Collection
from datetime import UTC, date, datetime, timedelta
from functools import cache
from itertools import pairwise
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dispatcher.rules.schedule import DAYS, parse_schedule
from dispatcher.rules.windows import day_off, is_open, next_change, windows
from dispatcher.rules.zones import names, zone

MINUTE = timedelta(minutes=1)
Schedule = dict[str, list[dict[str, str]]]


def minute_of(text: str) -> int:
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def shows_open(schedule: Schedule, place: ZoneInfo, at: datetime, off: Collection[date] = ()) -> bool:
    wall = at.astimezone(place)
    if wall.date() in off:
        return False
    now = wall.hour * 60 + wall.minute
    today, yesterday = DAYS[wall.weekday()], DAYS[wall.weekday() - 1]
    for window in schedule.get(today, []):
        start, end = minute_of(window["start"]), minute_of(window["end"])
        if start <= now and (now < end or end < start):
            return True
    return any(now < minute_of(window["end"]) < minute_of(window["start"]) for window in schedule.get(yesterday, []))


@cache
def hours_of_change(name: str, year: int) -> tuple[datetime, ...]:
    """Return the whole hours of a year before which, within the hour, the zone's offset changed."""
    place = ZoneInfo(name)
    hours = [datetime(year, 1, 1, tzinfo=UTC) + timedelta(hours=hour) for hour in range(366 * 24)]
    offsets = [hour.astimezone(place).utcoffset() for hour in hours]
    return tuple(hour for hour, before, after in zip(hours[1:], offsets, offsets[1:], strict=False) if before != after)


@st.composite
def instants(draw: st.DrawFn, name: str) -> datetime:
    year = draw(st.integers(1990, 2037))
    changes = hours_of_change(name, year)
    if draw(st.booleans()) and changes:
        near = draw(st.sampled_from(changes))
        return near + timedelta(microseconds=draw(st.integers(-4 * 3600 * 10**6, 3 * 3600 * 10**6)))
    return datetime(year, 1, 1, tzinfo=UTC) + timedelta(microseconds=draw(st.integers(0, 365 * 86400 * 10**6)))


TIMES = st.sampled_from(["00:00", "01:00", "01:30", "02:00", "02:30", "03:00", "23:00", "23:30"]) | st.builds(
    "{:02}:{:02}".format, st.integers(0, 23), st.integers(0, 59)
)
WINDOWS = (
    st.fixed_dictionaries({"start": TIMES, "end": TIMES | st.just("24:00")})
    .filter(lambda window: window["start"] != window["end"])
)  # fmt: skip
SCHEDULES = st.dictionaries(st.sampled_from(DAYS), st.lists(WINDOWS, min_size=1, max_size=3), min_size=1)
PLACES = st.sampled_from(
    [
        "Africa/Cairo",
        "Africa/Casablanca",
        "America/Havana",
        "America/New_York",
        "America/Santiago",
        "Antarctica/Troll",
        "Asia/Beirut",
        "Asia/Gaza",
        "Australia/Lord_Howe",
        "Europe/Dublin",
        "Pacific/Apia",
    ]
) | st.deferred(lambda: st.sampled_from(sorted(names())))
DAYS_OFF = st.just(()) | st.lists(st.integers(-2, 9), min_size=1, max_size=5)
CASES = PLACES.flatmap(
    lambda name: st.tuples(st.just(name), instants(name), SCHEDULES, DAYS_OFF).map(
        lambda case: (*case[:3], frozenset(case[1].date() + timedelta(days=day) for day in case[3]))
    )
)
Case = tuple[str, datetime, Schedule, frozenset[date]]


@settings(max_examples=100, deadline=None)
@given(CASES)
def test_is_open_is_what_the_wall_clock_shows(case: Case) -> None:
    name, at, schedule, off = case
    week, place = parse_schedule(schedule).without(off), zone(name)
    for hours in (0, 1, 2):
        instant = at + timedelta(hours=hours)
        assert is_open(week, place, instant) == shows_open(schedule, place, instant, off)
        assert day_off(week, place, instant) == (day if (day := instant.astimezone(place).date()) in off else None)


@settings(max_examples=60, deadline=None)
@given(CASES)
def test_the_next_change_is_the_first_minute_that_differs(case: Case) -> None:
    name, at, schedule, off = case
    place = zone(name)
    now = shows_open(schedule, place, at, off)
    change = next_change(parse_schedule(schedule).without(off), place, at)
    # From 1990 on, every zone's offset is of whole minutes, so that changes lie on whole minutes of UTC.
    minute = at.replace(second=0, microsecond=0) + MINUTE
    last = minute + timedelta(days=9) if change is None else change
    while minute < last:
        assert shows_open(schedule, place, minute, off) == now
        minute += MINUTE
    assert change is None or (minute == change and shows_open(schedule, place, change, off) != now)


@settings(max_examples=40, deadline=None)
@given(CASES)
def test_windows_are_the_open_minutes_and_no_other(case: Case) -> None:
    name, at, schedule, off = case
    place = zone(name)
    start = at.replace(second=0, microsecond=0)
    end = start + timedelta(days=2)
    open_minutes: set[datetime] = set()
    found = list(windows(parse_schedule(schedule).without(off), place, start, end))
    for window in found:
        assert start <= window.opens_at < window.closes_at <= end
        open_minutes.update(
            window.opens_at + number * MINUTE for number in range((window.closes_at - window.opens_at) // MINUTE)
        )
    assert all(one.closes_at < other.opens_at for one, other in pairwise(found))
    assert open_minutes == {
        minute
        for minute in (start + number * MINUTE for number in range(2 * 24 * 60))
        if shows_open(schedule, place, minute, off)
    }


@settings(max_examples=40, deadline=None)
@given(
    st.sampled_from(["Europe/Amsterdam", "Africa/Monrovia", "America/Caracas", "Europe/Dublin", "Asia/Kolkata"]),
    st.integers(0, 123 * 365 * 86400).map(lambda second: datetime(1850, 1, 1, tzinfo=UTC) + timedelta(seconds=second)),
    SCHEDULES,
)
def test_offsets_of_odd_seconds_are_exact_to_the_second(name: str, at: datetime, schedule: Schedule) -> None:
    place = zone(name)
    now = shows_open(schedule, place, at)
    change = next_change(parse_schedule(schedule), place, at)
    if change is not None:
        assert shows_open(schedule, place, change) != now
        assert shows_open(schedule, place, max(at, change - timedelta(microseconds=1))) == now
        while (at := at + MINUTE) < change:
            assert shows_open(schedule, place, at) == now


@pytest.mark.parametrize("name", ["Europe/London", "Pacific/Apia"])
def test_every_quarter_of_an_hour_of_a_year_agrees(name: str) -> None:
    schedule: dict[str, Any] = {
        "mon": [{"start": "00:00", "end": "01:00"}, {"start": "02:00", "end": "03:00"}],
        "sun": [{"start": "00:30", "end": "02:30"}, {"start": "23:00", "end": "00:30"}],
        "thu": [{"start": "12:00", "end": "24:00"}],
    }
    week, place = parse_schedule(schedule), zone(name)
    for quarter in range(365 * 96):
        at = datetime(2011, 1, 1, tzinfo=UTC) + quarter * 15 * MINUTE
        assert is_open(week, place, at) == shows_open(schedule, place, at)
