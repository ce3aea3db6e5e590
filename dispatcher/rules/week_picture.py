"""What a picture of opening times shows: calendar days of a zone, and on each the wall clock that it really has.

A day is drawn as its wall clock, 00:00 to 24:00. What a change of clocks leaves out of it is there
but never open; what it repeats is drawn once and counted twice.
"""

from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from itertools import pairwise
from zoneinfo import ZoneInfo

from dispatcher.rules.offsets import EPOCH, second_of, stretch
from dispatcher.rules.schedule import DAY_MINUTES, DAYS, Week

DAY_SECONDS = DAY_MINUTES * 60
_MARGIN = 26 * 60 * 60
"""No zone is further from UTC than this, in seconds."""

_THURSDAY = 3
"""The weekday of 1970-01-01, from Monday on."""

_LAST_DAY = (date(9999, 12, 30) - date(1970, 1, 1)).days

Span = tuple[int, int]
"""[start, end) in seconds of a day's wall clock."""


@dataclass(frozen=True, slots=True)
class Change:
    """A change of clocks: the instant (UTC), and by how many seconds the wall clock is put forward, or back if < 0."""

    at: datetime
    seconds: int


@dataclass(frozen=True, slots=True)
class Day:
    """One calendar day. Spans are in order; `opened` is for how long it is open on it, repeated times counted twice."""

    day: date
    open: tuple[Span, ...]
    skipped: tuple[Span, ...]
    repeated: tuple[Span, ...]
    changes: tuple[Change, ...]
    now: int | None
    opened: timedelta


def days(week: Week, zone: ZoneInfo, start: datetime, number: int, now: datetime) -> list[Day]:
    """Return so many calendar days of the zone, from the one in which `start` lies; fewer at the calendar's end."""
    first = _wall(zone, start) // DAY_SECONDS
    today, second = divmod(_wall(zone, now), DAY_SECONDS)
    return [
        _day(week, zone, day, second if day == today else None)
        for day in range(first, min(first + number, _LAST_DAY + 1))
    ]


def _wall(zone: ZoneInfo, at: datetime) -> int:
    second = second_of(at)
    return second + stretch(zone, second)[0]


def _day(week: Week, zone: ZoneInfo, day: int, now: int | None) -> Day:
    midnight = day * DAY_SECONDS
    stretches = list(_stretches(zone, midnight - _MARGIN, midnight + DAY_SECONDS + _MARGIN))
    shown = (
        (max(0, start + offset - midnight), min(DAY_SECONDS, end + offset - midnight))
        for start, end, offset in stretches
    )
    there = [span for span in shown if span[0] < span[1]]
    hours = [both for span in there for open_span in _hours(week, day) if (both := _both(span, open_span))]
    return Day(
        day=(EPOCH + timedelta(days=day)).date(),
        open=tuple(_merged(hours)),
        skipped=tuple(_between([0, *(end for _, end in there)], [*(start for start, _ in there), DAY_SECONDS])),
        repeated=tuple(_between([start for start, _ in there[1:]], [end for _, end in there[:-1]])),
        changes=tuple(
            Change(EPOCH + timedelta(seconds=later[0]), later[2] - earlier[2])
            for earlier, later in pairwise(stretches)
            # The day on which the time is that is left out or repeated.
            if (later[0] + min(earlier[2], later[2])) // DAY_SECONDS == day
        ),
        now=now,
        opened=timedelta(seconds=sum(end - start for start, end in hours)),
    )


def _stretches(zone: ZoneInfo, start: int, end: int) -> Iterator[tuple[int, int, int]]:
    """Yield the stretches of a zone in [start, end) of seconds since 1970: from when, until when, and the offset."""
    at = since = start
    offset = stretch(zone, at)[0]
    while at < end:
        at = min(stretch(zone, at)[1], end)
        after = stretch(zone, at)[0]
        if after != offset or at == end:
            yield since, at, offset
            since, offset = at, after


def _hours(week: Week, day: int) -> Iterator[Span]:
    """Yield the open hours that the week has for a day, whatever the clocks do on it."""
    if week.is_off(day):
        return
    monday = (day + _THURSDAY) % len(DAYS) * DAY_SECONDS
    for start, end in week.intervals:
        span = _both((start * 60 - monday, end * 60 - monday), (0, DAY_SECONDS))
        if span:
            yield span


def _both(one: Span, other: Span) -> Span | None:
    start, end = max(one[0], other[0]), min(one[1], other[1])
    return (start, end) if start < end else None


def _between(starts: Sequence[int], ends: Sequence[int]) -> Iterator[Span]:
    return ((start, end) for start, end in zip(starts, ends, strict=True) if start < end)


def _merged(spans: Iterable[Span]) -> list[Span]:
    merged: list[Span] = []
    for start, end in sorted(spans):
        if merged and start <= merged[-1][1]:
            merged[-1] = (merged[-1][0], max(merged[-1][1], end))
        else:
            merged.append((start, end))
    return merged
