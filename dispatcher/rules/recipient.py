"""Lawful hours where the called person is.

Every rule of the pack that may bind the person binds: where a number may lie in several states or countries, the rules
of all of them, and in each time zone in which it may ring. Where it tells no zone, no hour is known to be lawful. Rules
narrow a campaign's schedule and never widen it.

A person is a number in E.164 and the country that the platform says they are in, if it says one.
"""

from bisect import bisect_right
from collections.abc import Callable, Iterator
from datetime import date, datetime, time, timedelta
from functools import lru_cache, partial
from operator import attrgetter
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

from dispatcher.model.reasons import Code, Reason
from dispatcher.rules import zones
from dispatcher.rules.offsets import EPOCH
from dispatcher.rules.places import Places, places
from dispatcher.rules.rulepack import Rule, RulePack, hours
from dispatcher.rules.schedule import DAYS, Week
from dispatcher.rules.spacing import Cap
from dispatcher.rules.windows import Window, is_open, windows

_DAY = timedelta(days=1)
_LOOK_AHEAD = 8
_FAR_AHEAD = 40
"""Days that are looked at for the next lawful time. Hours are the same every week, so only holidays, blackouts and
changes of clocks make a longer look worth while."""


class _Bound(NamedTuple):
    """The rules that bind a person, and where the person may be."""

    rules: tuple[Rule, ...]
    regions: tuple[str, ...]
    zones: tuple[ZoneInfo, ...]


def recipient_reason(e164: str, at: datetime, pack: RulePack, country: str | None = None) -> Reason | None:
    """Return why a person may not be called at `at`, or None if they may.

    RECIPIENT_ZONE_UNKNOWN has no end. RECIPIENT_HOURS_CLOSED and HOLIDAY name the first rule that forbids the call and
    the zone in which it does; they end at the next instant at which every rule allows it in all the zones, or have no
    end if there is none within weeks.
    """
    bound = _bound(e164, at, pack, country)
    if not bound.zones:
        return Reason(Code.RECIPIENT_ZONE_UNKNOWN, "the number does not tell in which time zone the person is")
    day = _day_of(at)
    now, then = _lawful(bound, day, _LOOK_AHEAD, at)
    if now is not None:
        return None
    if then is None:
        _, then = _lawful(bound, day, _FAR_AHEAD, at)
    rule, zone = next(
        (rule, zone) for rule in bound.rules for zone in bound.zones if _forbids(rule, bound.regions, zone, at)
    )
    code, detail = _told(rule, bound, zone, at)
    if then is None:
        return Reason(code, f"{detail}; there is no lawful hour in all its zones in {_FAR_AHEAD} days")
    return Reason(code, detail, until=then.opens_at)


def lawful_until(e164: str, at: datetime, pack: RulePack, country: str | None = None) -> datetime | None:
    """Return when the lawful hours that hold at `at` end, in UTC; None if `at` is not lawful or no zone is known."""
    bound = _bound(e164, at, pack, country)
    now = _lawful(bound, _day_of(at), _LOOK_AHEAD, at)[0] if bound.zones else None
    return now.closes_at if now else None


def attempt_caps(e164: str, at: datetime, pack: RulePack, country: str | None = None) -> list[Cap]:
    """Return how often a person may be called, by each rule that is on and binds at `at`; all of them hold."""
    return [cap for rule in _bound(e164, at, pack, country).rules for cap in rule.caps]


def applied(e164: str, at: datetime, pack: RulePack, country: str | None = None) -> dict[str, Any]:
    """Return, as JSON, what a call at `at` is judged by: the pack's version, and the ids of the rules that bind."""
    rules = rules_of(e164, at, pack, country)
    return {
        "enabled": True,
        "pack": pack.version,
        "rules": [rule.id for rule in rules if rule.mode == "on"],
        "shadow": [rule.id for rule in rules if rule.mode == "shadow"],
    }


@lru_cache(maxsize=8)
def forbids(pack: RulePack) -> Callable[[str, datetime], Reason | None]:
    """Return `recipient_reason` by a pack for whoever has only numbers; the same each time."""
    return partial(recipient_reason, pack=pack)


def rules_of(e164: str, at: datetime, pack: RulePack, country: str | None = None) -> list[Rule]:
    """Return the rules that may bind a person at `at`: those that are on, then those in shadow, then those off."""
    regions = places_of(e164, pack, country).regions
    return [rule for mode in ("on", "shadow", "off") for rule in pack.binding(regions, at, mode)]


def would_block(e164: str, at: datetime, pack: RulePack, country: str | None = None) -> list[str]:
    """Return the ids of the rules in shadow that would forbid a call at `at` if they were on."""
    bound = _bound(e164, at, pack, country)
    shadows = pack.binding(bound.regions, at, "shadow")
    return [rule.id for rule in shadows if any(_forbids(rule, bound.regions, zone, at) for zone in bound.zones)]


def places_of(e164: str, pack: RulePack, country: str | None = None) -> Places:
    """Return where a person may be, by what the pack says of numbers that tell no zone."""
    return places(e164, country, whole_country=pack.unknown_zone == "country")


def _bound(e164: str, at: datetime, pack: RulePack, country: str | None) -> _Bound:
    """Return what binds the person; no zones as soon as one of them is not known here."""
    found = places_of(e164, pack, country)
    try:
        known = zones.zones(found.zones)
    except zones.ZoneFault:
        known = ()
    return _Bound(pack.binding(found.regions, at, "on"), found.regions, known)


def _day_of(at: datetime) -> int:
    """Return the day of an instant (UTC), numbered from 1970-01-01."""
    return (at - EPOCH) // _DAY


def _lawful(bound: _Bound, day: int, ahead: int, at: datetime) -> tuple[Window | None, Window | None]:
    """Return the time around `at` that is lawful for all rules in all zones, and the next one that begins after it."""
    common = _common(bound, day, ahead)
    place = bisect_right(common, at, key=attrgetter("opens_at"))
    now = common[place - 1] if place and at < common[place - 1].closes_at else None
    return now, common[place] if place < len(common) else None


@lru_cache(maxsize=4096)
def _common(bound: _Bound, day: int, ahead: int) -> tuple[Window, ...]:
    """Return the times in so many days from a day on that are lawful for all rules in all zones, in order."""
    start = EPOCH + day * _DAY
    end = start + ahead * _DAY
    common: tuple[Window, ...] = (Window(start, end),)
    for zone in bound.zones:
        for rule in bound.rules:
            lawful = tuple(_open_times(rule, bound.regions, zone, start, end))
            common = tuple(both for one in common for other in lawful if (both := _both(one, other)) is not None)
    return common


def _both(one: Window, other: Window) -> Window | None:
    opens_at, closes_at = max(one.opens_at, other.opens_at), min(one.closes_at, other.closes_at)
    return Window(opens_at, closes_at) if opens_at < closes_at else None


def _open_times(
    rule: Rule, regions: tuple[str, ...], zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[Window]:
    """Yield the times in [start, end) that a rule allows in a zone, in order."""
    last: Window | None = None
    for since, until, week in _stretches(rule, regions, zone, start, end):
        for window in [Window(since, until)] if week is None else windows(week, zone, since, until):
            if last is None or last.closes_at < window.opens_at:
                yield from [last] if last else []
                last = window
            else:
                last = Window(last.opens_at, window.closes_at)
    yield from [last] if last else []


def _stretches(
    rule: Rule, regions: tuple[str, ...], zone: ZoneInfo, start: datetime, end: datetime
) -> Iterator[tuple[datetime, datetime, Week | None]]:
    """Yield the pieces of [start, end) that are no days off, in order, each with the hours that hold in it."""
    if not rule.has_calendar:
        yield start, end, rule.week
        return
    day = start.astimezone(zone).date()
    while (opens := _midnight(zone, day)) < end:
        since, until = max(opens, start), min(_midnight(zone, day + _DAY), end)
        if since < until and rule.day_off(regions, day) is None:
            yield since, until, rule.week_on(regions, day)
        day += _DAY


def _midnight(zone: ZoneInfo, day: date) -> datetime:
    """Return the instant (UTC) at which a day begins in a zone."""
    return datetime.combine(day, time(), zone).astimezone(EPOCH.tzinfo)


def _day(zone: ZoneInfo, at: datetime) -> date:
    """Return the day in a zone; the hour that a change of clocks repeats across midnight is of the day that had begun.

    So the days are the stretches from one `_midnight` to the next.
    """
    day = at.astimezone(zone).date()
    return day + _DAY if _midnight(zone, day + _DAY) <= at else day


def _forbids(rule: Rule, regions: tuple[str, ...], zone: ZoneInfo, at: datetime) -> bool:
    if not rule.has_calendar:
        return rule.week is not None and not is_open(rule.week, zone, at)
    day = _day(zone, at)
    week = rule.week_on(regions, day)
    return rule.day_off(regions, day) is not None or (week is not None and not is_open(week, zone, at))


def _told(rule: Rule, bound: _Bound, zone: ZoneInfo, at: datetime) -> tuple[Code, str]:
    """Return the code and a sentence on why a rule forbids a call at `at`."""
    where = zone.key if len(bound.zones) == 1 else f"{zone.key}, one of {len(bound.zones)} zones that it may ring in"
    day = _day(zone, at)
    off = rule.day_off(bound.regions, day)
    week = rule.week_on(bound.regions, day)
    if off is not None or week is None:
        return Code.HOLIDAY, f"{day} is {off} in {where}, and {rule.id} allows no calls then ({rule.source})"
    here = at.astimezone(zone)
    lawful = hours(week, here.weekday()) or "at no hour"
    which = DAYS[here.weekday()] if week is rule.week else f"{DAYS[here.weekday()]} before a holiday"
    allowed = f"{rule.id} allows calls on {which} {lawful} ({rule.source})"
    return Code.RECIPIENT_HOURS_CLOSED, f"it is {here:%H:%M} in {where}; {allowed}"
