"""The exact opening times to come, as a document and as the days of a picture."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from math import ceil
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.mirror import campaigns
from dispatcher.mirror.database import Connection
from dispatcher.model.note import Note
from dispatcher.model.reasons import Code
from dispatcher.reports import forecast
from dispatcher.reports.finding import find_campaign
from dispatcher.reports.instants import iso
from dispatcher.reports.notes import documents, read_sample
from dispatcher.rules.lint import lint
from dispatcher.rules.plan import Plan, make_plan
from dispatcher.rules.schedule import Week
from dispatcher.rules.week_picture import Day, days
from dispatcher.rules.windows import is_open, windows
from dispatcher.settings import Settings

MOST_DAYS = 35
"""A picture of more days than this is none."""

_DAY = timedelta(days=1)
_UNREADABLE = (Code.NO_SCHEDULE, Code.SCHEDULE_INVALID, Code.NO_TIMEZONE, Code.TIMEZONE_UNKNOWN)


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
    """Return the windows of a week in [start, end), clipped to it, and whether it is open at `now`."""
    document = {
        "timezone": zone.key,
        "from": iso(asked.start),
        "to": iso(asked.end),
        "open_now": is_open(week, zone, asked.now),
        "windows": [
            {"opens_at": iso(window.opens_at), "closes_at": iso(window.closes_at)}
            for window in windows(week, zone, asked.start, asked.end)
        ],
        "notes": documents(notes),
    }
    return Preview(document, days(week, zone, asked.start, asked.days, asked.now))


def of_campaigns(
    connection: Connection, settings: Settings, names: Sequence[str] | None, asked: Asked
) -> list[Preview]:
    """Return a preview of each campaign that is named, as `find_campaign` understands names, or of all by name.

    The document of a campaign that never opens has the `fault` as a sentence. NotFoundError names what does not exist.
    """
    known, phones = campaigns.load(connection)
    chosen = known.values() if names is None else [find_campaign(connection, name) for name in names]
    return [_of_campaign(connection, settings, make_plan(campaign, phones), asked) for campaign in chosen]


def _of_campaign(connection: Connection, settings: Settings, plan: Plan, asked: Asked) -> Preview:
    campaign = plan.campaign
    named = {"campaign": campaign.uuid, "name": campaign.name}
    if plan.week is None or plan.zone is None:
        faults = (reason.detail for reason in plan.standing if reason.code in _UNREADABLE)
        times = {"timezone": campaign.timezone, "from": iso(asked.start), "to": iso(asked.end)}
        return Preview(
            named | times | {"open_now": False, "windows": [], "notes": [], "fault": "; ".join(faults)},
        )
    sampled = read_sample(connection, campaign.uuid, settings, asked.now)
    shown = preview(plan.week, plan.zone, asked, lint(plan, asked.now, sampled))
    outlook = forecast.read_outlook(connection, settings, plan, asked.now)
    told = forecast.document(plan, outlook, sampled, asked.now, settings)
    return Preview(named | shown.document | {"forecast": told}, shown.days)
