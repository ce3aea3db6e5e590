"""When a campaign is open: a week of wall-clock minutes, read in a zone, as instants.

One rule decides: a campaign is open at an instant when the wall clock of its zone at that instant is in its week. So an
hour that a clock change skips is never open and one that it repeats is open both times. `is_open`, `next_change` and
`windows` all follow from it. Instants are aware datetimes; those that are returned are in UTC.
"""

from bisect import bisect_right
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatcher.rules.offsets import EPOCH, second_of, stretch
from dispatcher.rules.schedule import WEEK_MINUTES, Week

_WEEK_SECONDS = WEEK_MINUTES * 60
_MONDAY = 3 * 24 * 60 * 60
"""The epoch is a Thursday, three days after a Monday."""


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

    None if it never does: the week is open throughout or not at all, or the calendar of datetime ends before.
    """
    if never_changes(week):
        return None
    try:
        return EPOCH + timedelta(seconds=next_change_second(week, zone, second_of(at)))
    except OverflowError:
        return None


def never_changes(week: Week) -> bool:
    """Tell whether the week is open throughout or not at all."""
    return week.bounds in ((), (0, WEEK_MINUTES))


def next_change_second(week: Week, zone: ZoneInfo, second: int) -> int:
    """Return the same as `next_change` of a week that does change, in whole seconds since 1970-01-01 in UTC.

    Every change lies on one.
    """
    offset, end = stretch(zone, second)
    now_open = _open(week, second + offset)
    # A change lies within a week unless the clocks change before it, and they do not do that every week.
    while (change := second + _until_edge(week, second + offset)) >= end:
        second = end
        offset, end = stretch(zone, second)
        if _open(week, second + offset) != now_open:
            return second
    return change


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


def _open(week: Week, wall: int) -> bool:
    """Tell whether the week is open at a wall clock, given in seconds since its own 1970-01-01 00:00."""
    minute = (wall + _MONDAY) % _WEEK_SECONDS // 60
    return bisect_right(week.bounds, minute) % 2 == 1


def _until_edge(week: Week, wall: int) -> int:
    """Return the seconds to the next opening or closing on a wall clock that runs on unchanged."""
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
