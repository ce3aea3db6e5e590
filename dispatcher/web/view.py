"""The documents in the words of the page: what to show of each, and in which order."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.model.reasons import Code
from dispatcher.rules.fault import Fault
from dispatcher.rules.zones import zone

MOST_ROWS = 200
"""More campaigns than this are only counted: nobody reads them, and every reader's browser would fetch them."""

_MINUTE, _HOUR, _DAY = 60, 3600, 86400

_STATES = {
    None: ("go", "dialling"),
    Code.CONCURRENCY_FULL: ("limit", "at its limit"),
    Code.RATE_LIMITED: ("limit", "held back"),
    Code.DAILY_LIMIT_REACHED: ("limit", "at its limit"),
    Code.QUEUE_RECOVERING: ("limit", "recovering"),
    Code.PHONE_FAILING: ("blocked", "calls fail"),
    Code.ASSISTANT_FAILING: ("blocked", "calls fail"),
    Code.PAUSED_BY_OPERATOR: ("paused", "paused"),
    Code.PHONE_PAUSED: ("paused", "paused"),
    Code.NO_ELIGIBLE_ORDERS: ("idle", "no order due"),
    Code.WINDOW_CLOSED: ("idle", "closed"),
    Code.CAMPAIGN_NOT_ACTIVE: ("idle", "not active"),
    Code.CAMPAIGN_NOT_OUTBOUND: ("idle", "not outbound"),
}
"""How a campaign stands by its first reason; with any other it is blocked, and somebody must mend it."""

_RANKS = {"go": 0, "limit": 0, "blocked": 1, "paused": 2, "idle": 3}
"""A campaign reaches its limit and leaves it again all the time: its row stays where it is."""


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant as the page writes it: for people on their wall clock, for tools in UTC."""

    text: str
    iso: str


@dataclass(frozen=True, slots=True)
class Row:
    """One campaign. `kind` is how it stands, in a word for the style sheet; `state` in words for people."""

    uuid: str
    name: str
    kind: str
    state: str
    window: str
    zone: str
    clock: Moment | None
    reason: str | None
    until: Moment | None
    more: Sequence[str]
    change: Moment | None
    due: int
    waiting: int
    live: int


def rows(campaigns: Mapping[str, Any], now: datetime) -> list[Row]:
    """Return a row for each campaign: first what is dialled, then what somebody must mend, then the rest by name."""
    stopped = bool(campaigns["problems"])
    found = [_row(campaign, now, stopped=stopped) for campaign in campaigns["campaigns"]]
    return sorted(found, key=lambda row: (_RANKS[row.kind], row.name.casefold(), row.uuid))


def span(seconds: float | None) -> str:
    """Return a duration in one unit, as people say it."""
    if seconds is None:
        return "—"
    for size, unit in ((_DAY, "d"), (_HOUR, "h"), (_MINUTE, "min")):
        if seconds >= 2 * size:
            return f"{seconds / size:.0f} {unit}"
    return f"{seconds:.0f} s"


def seconds(since: str | None, now: datetime) -> float | None:
    """Return how long something is ago, in seconds; its instant is written as in the documents."""
    return None if since is None else max(0.0, (now - datetime.fromisoformat(since)).total_seconds())


def _row(campaign: Mapping[str, Any], now: datetime, *, stopped: bool) -> Row:
    place = _place(campaign["timezone"])
    reasons = campaign["reasons"]
    first = reasons[0] if reasons else None
    kind, state = _STATES.get(Code(first["code"]) if first else None, ("blocked", "blocked"))
    if first is None and stopped:
        kind, state = "blocked", "not running"
    return Row(
        uuid=campaign["uuid"],
        name=campaign["name"] or campaign["uuid"],
        kind=kind,
        state=state,
        window="open" if campaign["open"] else "closed" if campaign["next_open"] else "—",
        zone=campaign["timezone"] or "no zone",
        clock=Moment(f"{now.astimezone(place):%a %H:%M}", campaign["timezone"]) if place else None,
        reason=first["detail"] if first else None,
        until=_moment(first["until"], place, now) if first else None,
        more=[reason["detail"] for reason in reasons[1:]],
        change=_moment(campaign["next_change"], place, now),
        due=campaign["due"],
        waiting=campaign["waiting"],
        live=campaign["live"],
    )


def _place(name: str | None) -> ZoneInfo | None:
    try:
        return zone(name)
    except Fault:
        return None


def _moment(text: str | None, place: ZoneInfo | None, now: datetime) -> Moment | None:
    if text is None:
        return None
    at, here = datetime.fromisoformat(text).astimezone(place or UTC), now.astimezone(place or UTC)
    if at.date() == here.date():
        written = f"{at:%H:%M}"
    elif abs(at - here) < timedelta(days=6):
        written = f"{at:%a %H:%M}"
    else:
        written = f"{at:%a} {at.day} {at:%b %Y} {at:%H:%M}"
    return Moment(written if place else f"{written} UTC", text)
