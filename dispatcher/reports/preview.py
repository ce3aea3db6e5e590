"""The exact opening times to come."""

from collections.abc import Sequence
from datetime import datetime
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.mirror import campaigns
from dispatcher.mirror.database import Connection
from dispatcher.model.note import Note
from dispatcher.reports.finding import find_campaign
from dispatcher.reports.instants import iso
from dispatcher.reports.notes import documents, read_sample
from dispatcher.rules.lint import Sampled
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.schedule import Week
from dispatcher.rules.windows import is_open, windows
from dispatcher.settings import Settings


def preview(
    week: Week, zone: ZoneInfo, start: datetime, end: datetime, now: datetime, notes: Sequence[Note]
) -> dict[str, Any]:
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
        "notes": documents(notes),
    }


def found(connection: Connection, settings: Settings, campaign: str) -> tuple[Plan, Sampled | None]:
    """Find a campaign, as `find_campaign` does, and read a sample of its numbers."""
    plan = make_plan(find_campaign(connection, campaign), campaigns.load(connection)[1])
    return plan, read_sample(connection, [plan.campaign.uuid], settings).get(plan.campaign.uuid)
