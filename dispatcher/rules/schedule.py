"""What a campaign's schedule means: JSON from the platform into the open minutes of a week.

The week is one of wall clocks: minute 0 is Monday 00:00, minute 10080 the end of Sunday, in whatever zone it is read.

Readings that the platform's page leaves open, each on the side of not dialling:

- days are `mon` to `sun`, exactly so; `Mon`, `monday` and `MONDAY` are no days: reported and ignored;
- a known day that is null or an empty list is malformed: a day without hours is left out of the schedule;
- times are `HH:MM` with two ASCII digits each, 00:00 to 23:59, and 24:00 as an end only;
- an end of 00:00 is midnight at the end of the day on which the window starts;
- further keys beside `start` and `end` are tolerated; windows that overlap or touch are one.
"""

import re
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from datetime import date
from functools import lru_cache
from itertools import islice, pairwise

import orjson

from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.fault import Fault, shown

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
DAY_MINUTES = 24 * 60
WEEK_MINUTES = len(DAYS) * DAY_MINUTES
FIRST_DAY = date(1970, 1, 1)
"""Days of the calendar are numbered from this one on."""

_TIME = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00)")
_NOTES = 5
"""More ignored keys than this are only counted."""


class ScheduleFault(Fault):
    """The schedule is missing or malformed, so that its campaign is not dialled."""


@dataclass(frozen=True, slots=True)
class Week:
    """The open minutes of a wall-clock week, and the days of the calendar on which it is closed all the same.

    `bounds` are minutes of the week, ascending and distinct, in turn an opening and a closing: open in
    [bounds[0], bounds[1]), [bounds[2], bounds[3]), … A window across the end of Sunday is cut there in two.
    `days_off` are days numbered from FIRST_DAY on, in the same manner: closed from 00:00 of the wall clock's day
    days_off[0] until 00:00 of days_off[1], and so on.
    `notes` are sentences on what was ignored; two weeks with the same open minutes are equal whatever their notes.
    """

    bounds: tuple[int, ...]
    notes: tuple[str, ...] = field(default=(), compare=False)
    days_off: tuple[int, ...] = ()

    @staticmethod
    def of(intervals: Iterable[tuple[int, int]], notes: tuple[str, ...] = ()) -> "Week":
        """Return the week that is open in each [start, end) of minutes; an end may lie in the week that follows."""
        merged: list[int] = []
        for start, end in sorted(_cut(intervals)):
            if merged and start <= merged[-1]:
                merged[-1] = max(merged[-1], end)
            else:
                merged += (start, end)
        return _shared(tuple(merged), notes)

    def without(self, days: Iterable[date]) -> "Week":
        """Return the week that is also closed on each of the days, from midnight to midnight of its wall clock."""
        off: list[int] = []
        for day in sorted({(day - FIRST_DAY).days for day in days}):
            if off and day == off[-1]:
                off[-1] = day + 1
            else:
                off += (day, day + 1)
        return _shared(self.bounds, self.notes, tuple(off))

    def within(self, other: "Week") -> "Week":
        """Return the week that is open when both are, whatever days off they have."""
        both = ((max(a, c), min(b, d)) for a, b in self.intervals for c, d in other.intervals)
        return Week.of((start, end) for start, end in both if start < end)

    def is_off(self, day: int) -> bool:
        """Tell whether it is closed on a day of the calendar, numbered from FIRST_DAY on, whatever its hours."""
        return bisect_right(self.days_off, day) % 2 == 1

    @property
    def intervals(self) -> tuple[tuple[int, int], ...]:
        """The open [start, end) in minutes of the week, in order, with a gap between any two."""
        return tuple(islice(pairwise(self.bounds), 0, None, 2))


@lru_cache(maxsize=8192)
def _shared(bounds: tuple[int, ...], notes: tuple[str, ...], days_off: tuple[int, ...] = ()) -> Week:
    """Return the one week of these bounds, notes and days: thousands of campaigns keep the same hours."""
    return Week(bounds, notes, days_off)


def parse_schedule(schedule: object) -> Week:
    """Return the week that a campaign's `schedule` stands for.

    Whatever JSON comes, the only error is ScheduleFault: NO_SCHEDULE when there is none (null, empty, or no key is a
    day of the week), SCHEDULE_INVALID when it is not to be understood. Source: the contract's section on schedules.
    """
    try:
        # Thousands of campaigns keep the same hours: each text is read once.
        found = _read(orjson.dumps(schedule))
    except orjson.JSONEncodeError:
        found = _parsed(schedule)  # no JSON that was ever read, or nested very deep
    if isinstance(found, Reason):
        raise ScheduleFault(found.code, found.detail)
    return found


@lru_cache(maxsize=4096)
def _read(text: bytes) -> Week | Reason:
    return _parsed(orjson.loads(text))


def _parsed(schedule: object) -> Week | Reason:
    try:
        return _week(schedule)
    except ScheduleFault as fault:
        return fault.reason


def _week(schedule: object) -> Week:
    if schedule is None or schedule in ("", [], {}):
        raise ScheduleFault(Code.NO_SCHEDULE, f"the schedule is {_empty(schedule)}")
    if not isinstance(schedule, dict):
        raise ScheduleFault(
            Code.SCHEDULE_INVALID, f"the schedule is {shown(schedule)}, not an object of days {DAYS[0]} to {DAYS[-1]}"
        )
    notes = _notes([key for key in schedule if key not in DAYS])
    known = [(number, day) for number, day in enumerate(DAYS) if day in schedule]
    if not known:
        raise ScheduleFault(Code.NO_SCHEDULE, f"the schedule has no day {DAYS[0]} to {DAYS[-1]}: {'; '.join(notes)}")
    return Week.of(
        (
            (number * DAY_MINUTES + start, number * DAY_MINUTES + end)
            for number, day in known
            for start, end in _day(day, schedule[day])
        ),
        notes,
    )


def _empty(schedule: object) -> str:
    return "an empty string" if schedule == "" else shown(schedule)


def _notes(unknown: list[object]) -> tuple[str, ...]:
    notes = [f"{shown(key)} is no day {DAYS[0]} to {DAYS[-1]} and is ignored" for key in unknown[:_NOTES]]
    if len(unknown) > _NOTES:
        notes.append(f"{len(unknown) - _NOTES} more keys are ignored")
    return tuple(notes)


def _day(day: str, value: object) -> Iterator[tuple[int, int]]:
    """Yield [start, end) in minutes from the start of the day, at most one day long; the end may lie in the next."""
    windows = value if isinstance(value, list) and value else [value]
    for window in windows:
        if not isinstance(window, dict):
            raise ScheduleFault(
                Code.SCHEDULE_INVALID,
                f"{day} is {shown(window)}, not an object with start and end; leave a day without hours out",
            )
        start = _minute(day, "start", window)
        end = _minute(day, "end", window)
        if start == DAY_MINUTES:
            raise ScheduleFault(Code.SCHEDULE_INVALID, f"{day} starts at 24:00, which may only end a day")
        if start == end:
            raise ScheduleFault(
                Code.SCHEDULE_INVALID,
                f"{day} starts and ends at {shown(window['start'])}; a whole day is 00:00 to 24:00",
            )
        yield start, end if start < end else end + DAY_MINUTES


def _minute(day: str, name: str, window: dict[object, object]) -> int:
    if name not in window:
        raise ScheduleFault(Code.SCHEDULE_INVALID, f"{day} has a window with no {name}")
    text = window[name]
    found = _TIME.fullmatch(text) if isinstance(text, str) else None
    if found is None:
        raise ScheduleFault(Code.SCHEDULE_INVALID, f"{day} has the {name} {shown(text)}, which is no time HH:MM")
    hours, minutes = (int(part) for part in found.groups() if part is not None)
    return hours * 60 + minutes


def _cut(intervals: Iterable[tuple[int, int]]) -> Iterator[tuple[int, int]]:
    for start, end in intervals:
        yield start, min(end, WEEK_MINUTES)
        if end > WEEK_MINUTES:
            yield 0, end - WEEK_MINUTES
