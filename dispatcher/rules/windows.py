"""When a campaign is open: a week of wall-clock minutes, read in a zone, as instants.

One rule decides: a campaign is open at an instant when the wall clock of its zone at that instant is in its week, and
shows none of its days off. So an hour that a clock change skips is never open and one that it repeats is open both
times. `is_open`, `next_change` and `windows` all follow from it. Instants are aware datetimes; those that are returned
are in UTC.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from zoneinfo import ZoneInfo

from dispatcher.rules.offsets import EPOCH, second_of, stretch
from dispatcher.rules.schedule import DAY_MINUTES, FIRST_DAY, WEEK_MINUTES, Week

_WEEK_SECONDS = WEEK_MINUTES * 60
_DAY_SECONDS = DAY_MINUTES * 60
_INSTANT = timedelta(microseconds=1)
_MONDAY = 3 * 24 * 60 * 60
"""The epoch is a Thursday, three days after a Monday."""

_STEADY = ((), (0, WEEK_MINUTES))
_FARTHEST_BACK = 2
"""No change of clocks puts one back by more days: Alaska and Samoa had a day twice."""


@dataclass(frozen=True, slots=True)
class Window:
    """An open time, [opens_at, closes_at), in UTC."""

    opens_at: datetime
    closes_at: datetime


def is_open(week: Week, zone: ZoneInfo, at: datetime) -> bool:
    """Tell whether the wall clock of `zone` at `at` is in the week."""
    return is_open_second(week, zone, second_of(at))


def is_open_second(week: Week, zone: ZoneInfo, second: int) -> bool:
    """Tell the same of a whole second since 1970-01-01 in UTC."""
    offset, _ = stretch(zone, second)
    return _open(week, second + offset)


def next_change(week: Week, zone: ZoneInfo, at: datetime) -> datetime | None:
    """Return the first instant after `at` at which `is_open` changes.

    None if it never does: the week is open throughout or not at all from then on, or the calendar of datetime ends
    before.
    """
    change = next_change_second(week, zone, second_of(at))
    try:
        return None if change is None else EPOCH + timedelta(seconds=change)
    except OverflowError:
        return None


def next_change_second(week: Week, zone: ZoneInfo, second: int) -> int | None:
    """Return the same as `next_change`, in whole seconds since 1970-01-01 in UTC: every change lies on one."""
    offset, end = stretch(zone, second)
    now_open = _open(week, second + offset)
    # One step comes to a change unless the clocks change before it, or a day off begins or ends while it is closed.
    while not _changes_no_more(week, second + offset):
        second += _until_edge(week, second + offset)
        if second >= end:
            second = end
            offset, end = stretch(zone, second)
        if _open(week, second + offset) != now_open:
            return second
    return None


def day_off(week: Week, zone: ZoneInfo, at: datetime) -> date | None:
    """Return the day that the wall clock shows at `at` if the week is closed on it whatever its hours, else None."""
    day = _day(zone, at)
    return FIRST_DAY + timedelta(days=day) if week.is_off(day) else None


def open_for(week: Week, zone: ZoneInfo, at: datetime, most: timedelta) -> timedelta:
    """Return for how long a week that is open at `at` has been open without a break, but no more than `most`."""
    since = at - most
    while (change := next_change(week, zone, since)) is not None and change <= at:
        since = change
    return at - since


def windows(week: Week, zone: ZoneInfo, start: datetime, end: datetime) -> Iterator[Window]:
    """Yield the open times in [start, end), in order, clipped to it, with a closed time between any two."""
    at, now_open = start, is_open(week, zone, start)
    while at < end:
        change = next_change(week, zone, at)
        until = end if change is None else min(change, end)
        if now_open:
            yield Window(at.astimezone(EPOCH.tzinfo), until.astimezone(EPOCH.tzinfo))
        at, now_open = until, not now_open


def days_off(week: Week, zone: ZoneInfo, start: datetime, end: datetime) -> list[date]:
    """Return the days on which the week is closed whatever its hours, from the one at `start` to the one before `end`.

    Where the zone skips such a day it is there all the same.
    """
    first, last = (_day(zone, at) for at in (start, end - _INSTANT))
    return [FIRST_DAY + timedelta(days=day) for day in range(first, last + 1) if week.is_off(day)]


def _day(zone: ZoneInfo, at: datetime) -> int:
    """Return the day that the wall clock shows, numbered from FIRST_DAY on."""
    second = second_of(at)
    return (second + stretch(zone, second)[0]) // _DAY_SECONDS


def _open(week: Week, wall: int) -> bool:
    """Tell whether the week is open at a wall clock, given in seconds since its own 1970-01-01 00:00."""
    minute = (wall + _MONDAY) % _WEEK_SECONDS // 60
    return bisect_right(week.bounds, minute) % 2 == 1 and not (week.days_off and week.is_off(wall // _DAY_SECONDS))


def _changes_no_more(week: Week, wall: int) -> bool:
    """Tell whether the week is open throughout or not at all from a wall clock on, wherever the clock is put."""
    if week.bounds not in _STEADY:
        return False
    return not week.bounds or not week.days_off or wall >= (week.days_off[-1] + _FARTHEST_BACK) * _DAY_SECONDS


def _until_edge(week: Week, wall: int) -> int:
    """Return the seconds to where the hours or a day off begin or end, on a wall clock that runs on unchanged."""
    until = _until_hours(week, wall)
    place = bisect_right(week.days_off, wall // _DAY_SECONDS)
    return min(until, week.days_off[place] * _DAY_SECONDS - wall) if place < len(week.days_off) else until


def _until_hours(week: Week, wall: int) -> int:
    bounds = week.bounds
    position = (wall + _MONDAY) % _WEEK_SECONDS
    place = bisect_right(bounds, position // 60)
    if place == len(bounds):
        edge = WEEK_MINUTES + bounds[0]
    elif bounds[place] == WEEK_MINUTES and bounds[0] == 0:
        # Open across the end of Sunday: no edge there.
        edge = WEEK_MINUTES + bounds[1]
    else:
        edge = bounds[place]
    return edge * 60 - position
