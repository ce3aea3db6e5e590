"""The exact opening times to come."""

from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.reports.instants import iso
from dispatcher.rules.schedule import Week
from dispatcher.rules.windows import is_open, windows


def preview(week: Week, zone: ZoneInfo, start: datetime, end: datetime, now: datetime) -> dict[str, Any]:
    """Return the windows of a week in [start, end), clipped to it, and whether it is open at `now`."""
    return {
        "timezone": zone.key,
        "from": iso(start),
        "to": iso(end),
        "open_now": is_open(week, zone, now),
        "windows": [
            {"opens_at": iso(window.opens_at), "closes_at": iso(window.closes_at)}
            for window in windows(week, zone, start, end)
        ],
        "notes": list(week.notes),
    }
