"""Lengths of time that count only while a campaign is open."""

from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from dispatcher.rules.schedule import Week
from dispatcher.rules.windows import is_open, next_change

FARTHEST = timedelta(days=366)
"""A campaign that is open for a minute a week would put a gap of hours off for years; it ends after this at last."""


def later_by_open_time(week: Week, zone: ZoneInfo, at: datetime, gap: timedelta) -> datetime:
    """Return the first instant by which the week has been open for `gap` since `at`, both on the clock of `zone`.

    So 30 minutes after a call at 16:50 of a day that closes at 17:00 are over at 9:20 of the next. The instant is `at`
    for no gap, never before `at + gap`, and at most the longer of FARTHEST and the gap away.
    """
    left, moment, now_open = gap, at, is_open(week, zone, at)
    limit = at + max(gap, FARTHEST)
    while left and moment < limit:
        change = next_change(week, zone, moment)
        if change is None:
            return moment + left
        if now_open:
            if change - moment >= left:
                return min(moment + left, limit)
            left -= change - moment
        moment, now_open = change, not now_open
    return min(moment, limit)
