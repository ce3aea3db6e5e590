"""The stretches of time in which a zone's offset from UTC stays the same.

`zoneinfo` tells the offset at an instant, not when it changes. Here the changes are found once per zone and year or
so, by steps of two days and bisection to the second, and kept. In the tz database no two changes of one zone are closer
than 6.9 days (a test holds that), so that no step misses one.

Instants are whole seconds since 1970-01-01 in UTC: whole numbers cannot lose the `fold` of a repeated hour.
"""

from bisect import bisect_right
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from itertools import pairwise
from zoneinfo import ZoneInfo

EPOCH = datetime(1970, 1, 1, tzinfo=UTC)

_SECOND = timedelta(seconds=1)
_STEP = 2 * 24 * 60 * 60
_PERIOD = 200 * _STEP
_FIRST = (datetime(2, 1, 1, tzinfo=UTC) - EPOCH) // _SECOND
_LAST = (datetime(9998, 12, 31, tzinfo=UTC) - EPOCH) // _SECOND
"""Beyond these the wall clock of a zone may be no datetime; its offset is taken to last."""


def second_of(at: datetime) -> int:
    """Return the second in which an aware instant lies; TypeError for a naive one."""
    return (at - EPOCH) // _SECOND


def stretch(zone: ZoneInfo, second: int) -> tuple[int, int]:
    """Return the offset in seconds east of UTC at an instant, and an instant up to which it stays so.

    That end is later than `second`; the offset may go on after it.
    """
    ends, offsets = _period(zone, second // _PERIOD)
    place = bisect_right(ends, second)
    return offsets[place], ends[place]


@lru_cache(maxsize=8192)
def _period(zone: ZoneInfo, number: int) -> tuple[tuple[int, ...], tuple[int, ...]]:
    """Return the ends of the stretches of one period, and the offset of each."""
    start, finish = number * _PERIOD, (number + 1) * _PERIOD
    ends: list[int] = []
    offsets = [_offset(zone, start)]
    for earlier, later in pairwise((*range(start, finish, _STEP), finish)):
        offset = _offset(zone, later)
        if offset != offsets[-1]:
            ends.append(_change(zone, earlier, later))
            offsets.append(offset)
    return (*ends, finish), tuple(offsets)


def forget() -> None:
    """Keep nothing of what was found: for after another copy of the tz database was taken into use."""
    _period.cache_clear()


def _change(zone: ZoneInfo, before: int, after: int) -> int:
    """Return the first second with the offset of `after`; the offset changes once in (before, after]."""
    new = _offset(zone, after)
    while after - before > 1:
        middle = (before + after) // 2
        if _offset(zone, middle) == new:
            after = middle
        else:
            before = middle
    return after


def _offset(zone: ZoneInfo, second: int) -> int:
    # The difference of two wall clocks, not utcoffset(), which would have to trust `fold`.
    utc = EPOCH + timedelta(seconds=min(max(second, _FIRST), _LAST))
    wall = zone.fromutc(utc.replace(tzinfo=zone)).replace(tzinfo=UTC)
    return (wall - utc) // _SECOND
