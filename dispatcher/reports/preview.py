"""The exact opening times to come, as a document and as the days of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.model.note import Note
from dispatcher.reports.instants import iso
from dispatcher.reports.notes import documents
from dispatcher.rules.schedule import Week
from dispatcher.rules.week_picture import Day, days
from dispatcher.rules.windows import days_off, is_open, windows

MOST_DAYS = 35
"""A picture of more days than this is none."""

_DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Asked:
    """What is looked at: from `start` until before `end`, as of `now`, all in UTC."""

    start: datetime
    end: datetime
    now: datetime

    @property
    def days(self) -> int:
        """How many days of it a picture shows."""
        return min(MOST_DAYS, ceil((self.end - self.start) / _DAY))


@dataclass(frozen=True, slots=True)
class Preview:
    """A document and what to draw of it; one that has no `days` never opens, and its document has the `fault`."""

    document: dict[str, Any]
    days: Sequence[Day] = ()


def preview(week: Week, zone: ZoneInfo, asked: Asked, notes: Sequence[Note]) -> Preview:
    """Return the windows of a week in [start, end), clipped to it, its days off, and whether it is open at `now`."""
    document = {
        "timezone": zone.key,
        "from": iso(asked.start),
        "to": iso(asked.end),
        "open_now": is_open(week, zone, asked.now),
        "windows": [
            {"opens_at": iso(window.opens_at), "closes_at": iso(window.closes_at)}
            for window in windows(week, zone, asked.start, asked.end)
        ],
        "blackout_dates": [day.isoformat() for day in days_off(week, zone, asked.start, asked.end)],
        "notes": documents(notes),
    }
    return Preview(document, days(week, zone, asked.start, asked.days, asked.now))
