"""Lawful hours where the called person is.

One rule for every number so far, the United States' federal one: calls from 8 to 21 o'clock, every day, local time at
the called person's location (47 CFR 64.1200(c)(1)). A number tells only the zones in which the person may be, so it
must be a lawful hour in all of them; where it tells none, no hour is known to be lawful. The rule narrows a campaign's
schedule and never widens it.
"""

from bisect import bisect_right
from datetime import datetime, timedelta
from functools import lru_cache
from operator import attrgetter
from zoneinfo import ZoneInfo

from dispatcher.model.reasons import Code, Reason
from dispatcher.rules import zones
from dispatcher.rules.numbers import candidate_zones
from dispatcher.rules.offsets import EPOCH, second_of, stretch
from dispatcher.rules.schedule import DAY_MINUTES, DAYS, Week
from dispatcher.rules.windows import Window, is_open, windows

SOURCE = "47 CFR 64.1200(c)(1)"

_HOURS = Week.of((day * DAY_MINUTES + 8 * 60, day * DAY_MINUTES + 21 * 60) for day in range(len(DAYS)))
_DAY = timedelta(days=1)
_LOOK_AHEAD = 8 * _DAY
"""The hours are the same every day, so zones that agree at no time in a week agree only after a change of clocks."""


def recipient_reason(e164: str, at: datetime) -> Reason | None:
    """Return why a number in E.164 may not be called at `at`, or None if it may.

    RECIPIENT_ZONE_UNKNOWN has no end. RECIPIENT_HOURS_CLOSED names the first zone in which it is no lawful hour; it
    ends at the next instant that is lawful in all candidate zones, or has no end if there is none within a week.
    """
    places = _places(e164)
    if not places:
        return Reason(Code.RECIPIENT_ZONE_UNKNOWN, "the number does not tell in which time zone the person is")
    now, then = _lawful(places, at)
    if now is not None:
        return None
    closed = next(place for place in places if not is_open(_HOURS, place, at))
    where = closed.key if len(places) == 1 else f"{closed.key}, one of {len(places)} zones that the number may be in"
    detail = f"it is {_clock(closed, at)} in {where}; calls are lawful there from 08:00 to 21:00 ({SOURCE})"
    if then is None:
        return Reason(Code.RECIPIENT_HOURS_CLOSED, f"{detail}; the zones have no lawful hour in common in a week")
    return Reason(Code.RECIPIENT_HOURS_CLOSED, detail, until=then.opens_at)


def lawful_until(e164: str, at: datetime) -> datetime | None:
    """Return when the lawful hours that hold at `at` end, in UTC; None if `at` is not lawful or no zone is known."""
    places = _places(e164)
    now = _lawful(places, at)[0] if places else None
    return now.closes_at if now else None


def _places(e164: str) -> tuple[ZoneInfo, ...]:
    """Return the zones in which the person may be; none as soon as one of them is not known here."""
    try:
        return tuple(map(zones.zone, candidate_zones(e164)))
    except zones.ZoneFault:
        return ()


def _clock(place: ZoneInfo, at: datetime) -> str:
    second = second_of(at)
    offset, _ = stretch(place, second)
    return f"{EPOCH + timedelta(seconds=second + offset):%H:%M}"


def _lawful(places: tuple[ZoneInfo, ...], at: datetime) -> tuple[Window | None, Window | None]:
    """Return the time around `at` that is lawful in all places, and the next one that begins after it."""
    common = _common(places, (at - EPOCH) // _DAY)
    place = bisect_right(common, at, key=attrgetter("opens_at"))
    now = common[place - 1] if place and at < common[place - 1].closes_at else None
    return now, common[place] if place < len(common) else None


@lru_cache(maxsize=4096)
def _common(places: tuple[ZoneInfo, ...], day: int) -> tuple[Window, ...]:
    """Return the times from a day (numbered from 1970-01-01, UTC) on that are lawful in all places, in order."""
    start = EPOCH + day * _DAY
    end = start + _LOOK_AHEAD
    common: tuple[Window, ...] = (Window(start, end),)
    for place in places:
        lawful = tuple(windows(_HOURS, place, start, end))
        common = tuple(both for one in common for other in lawful if (both := _both(one, other)) is not None)
    return common


def _both(one: Window, other: Window) -> Window | None:
    opens_at, closes_at = max(one.opens_at, other.opens_at), min(one.closes_at, other.closes_at)
    return Window(opens_at, closes_at) if opens_at < closes_at else None
