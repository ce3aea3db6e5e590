"""What a call was allowed by, written down so that "why did you call me at that time" has an answer years later.

The record is JSON and explains itself without the data of its day; calling rules are named by their ids and the version
of their pack. It holds no number and no name.
"""

from collections.abc import Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

from dispatcher import __version__
from dispatcher.rules import recipient, zones
from dispatcher.rules.places import places
from dispatcher.rules.plan import Plan
from dispatcher.rules.rulepack import RulePack
from dispatcher.rules.spacing import Call, Spacing, taken
from dispatcher.rules.windows import windows

_LOOK_BACK = timedelta(days=8)
"""A campaign that has been open for longer than a week is one that never closes, or hardly ever."""

_SECOND = timedelta(seconds=1)


def campaign_part(plan: Plan, at: datetime) -> dict[str, Any]:
    """Return what the record says of the campaign and its hours at `at`, the same for all orders of that instant."""
    source = zones.source()
    return {
        "at": _utc(at),
        "dispatcher": __version__,
        "timezone": plan.campaign.timezone,
        "tzdata": {"version": source.version, "origin": source.origin},
        "schedule": plan.campaign.schedule,
        "local_time": _local(plan.campaign.timezone, at),
        "window": _window(plan, at),
    }


def recipient_part(
    e164: str,
    country: str | None,
    calls: Sequence[Call],
    at: datetime,
    *,
    calling_rules: RulePack | None,
    spacing: Spacing,
) -> dict[str, Any]:
    """Return what the record says of the called person at `at`: where they may be, what time it was, which rules held.

    `local_times` are those of the candidate zones, each once. `country` is what the platform says of the person.
    """
    if calling_rules is None:
        where, law = places(e164, country), {"enabled": False}
    else:
        where = recipient.places_of(e164, calling_rules, country)
        law = recipient.applied(e164, at, calling_rules, country)
    return {
        "recipient": {
            "regions": list(where.regions),
            "zones": list(where.zones),
            "local_times": sorted({local for zone in where.zones if (local := _local(zone, at)) is not None}),
        },
        "calling_rules": law,
        "spacing": [
            {"source": cap.source, "most": cap.most, "within_s": cap.within // _SECOND, "made": taken(calls, at, cap)}
            for cap in spacing.caps
        ],
    }


def _window(plan: Plan, at: datetime) -> dict[str, Any] | None:
    """Return the open time around `at`; an end of it that is more than a week away is null."""
    if plan.week is None or plan.zone is None:
        return None
    start, end = at - _LOOK_BACK, at + _LOOK_BACK
    for window in windows(plan.week, plan.zone, start, end):
        if window.opens_at <= at < window.closes_at:
            return {
                "opens_at": _utc(window.opens_at) if window.opens_at > start else None,
                "closes_at": _utc(window.closes_at) if window.closes_at < end else None,
            }
    return None


def _local(name: str | None, at: datetime) -> str | None:
    try:
        return at.astimezone(zones.zone(name)).isoformat(timespec="seconds")
    except zones.ZoneFault:
        return None


def _utc(at: datetime) -> str:
    return at.astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
