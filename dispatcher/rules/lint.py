"""What in a campaign deserves a second look, although it forbids nothing or already stands as a reason.

A window that is empty or malformed is no note: its campaign is not dialled, with the reason `schedule_invalid`.
"""

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo

from dispatcher.model.campaign import CampaignType, Phone
from dispatcher.model.note import Note, NoteCode
from dispatcher.model.reasons import Code, Reason
from dispatcher.rules import places as where
from dispatcher.rules.countries import countries, is_country
from dispatcher.rules.plan import Plan
from dispatcher.rules.schedule import DAYS, Week
from dispatcher.rules.windows import Window, windows

Forbids = Callable[[str, datetime], Reason | None]
"""Says why a number in E.164 may not be called at an instant, or None if it may."""

_QUOTED = 5
"""More windows than this are only counted."""

_LOOK_AHEAD = timedelta(days=22)
"""Three times each window of a week, so that a holiday or a change of clocks alone makes no note."""

_OCCURRENCES = 2
_STANDING = {Code.NO_PHONE: NoteCode.NO_PHONE, Code.NO_ASSISTANT: NoteCode.NO_ASSISTANT}


@dataclass(frozen=True, slots=True)
class Sampled:
    """Some of the numbers that a campaign is to call, in E.164, and the rule by which each may be called or not."""

    numbers: tuple[str, ...]
    forbids: Forbids


def lint(plan: Plan, at: datetime, sampled: Sampled | None = None) -> tuple[Note, ...]:
    """Return the notes on a campaign; without a sample nothing is said of lawful hours."""
    found = []
    if plan.week is not None:
        found += lint_schedule(plan.campaign.schedule, plan.week)
    if sampled is not None:
        found += _unlawful(plan, at, sampled)
    if plan.zone is not None and plan.phone is not None:
        found += _foreign(plan.zone.key, plan.phone)
    if plan.campaign.type == CampaignType.OUTBOUND:
        # An inbound campaign has neither, as it should be.
        found += (Note(_STANDING[one.code], one.detail) for one in plan.standing if one.code in _STANDING)
    return tuple(found)


def lint_schedule(schedule: Mapping[str, Any], week: Week) -> list[Note]:
    """Return the notes on a schedule that was read as `week`."""
    found = [Note(NoteCode.SCHEDULE_KEY_IGNORED, detail) for detail in week.notes]
    late = list(_past_midnight(schedule))
    if late:
        runs = "runs" if len(late) == 1 else "run"
        detail = f"{_listed(late)} {runs} past midnight into the next day; an end before the start means that"
        found.append(Note(NoteCode.WINDOW_SPANS_MIDNIGHT, detail))
    return found


@lru_cache(maxsize=8192)
def places(numbers: tuple[str, ...]) -> tuple[str, ...]:
    """Return one number for each set of states and zones that numbers may be in; none that tells no zone."""
    by_places: dict[where.Places, str] = {}
    for number in numbers:
        found = where.places(number)
        if found.zones:
            by_places.setdefault(found, number)
    return tuple(by_places.values())


def first_lawful(window: Window, numbers: Sequence[str], forbids: Forbids) -> datetime | None:
    """Return the first instant of a window at which any of the numbers may be called, or None if none ever may."""
    first: datetime | None = None
    for number in numbers:
        reason = forbids(number, window.opens_at)
        if reason is None:
            return window.opens_at
        until = reason.until
        if until is not None and until < window.closes_at and (first is None or until < first):
            first = until
    return first


def _past_midnight(schedule: Mapping[str, Any]) -> Iterator[str]:
    for day in DAYS:
        value = schedule.get(day)
        for window in value if isinstance(value, list) else [value] if value else []:
            # Times are `HH:MM`, so that texts compare as times do; 00:00 ends the day itself.
            if window["end"] < window["start"] and window["end"] != "00:00":
                yield f"{day} {window['start']}-{window['end']}"


def _unlawful(plan: Plan, at: datetime, sampled: Sampled) -> Iterator[Note]:
    numbers = places(sampled.numbers)
    if plan.week is None or plan.zone is None or not numbers:
        return
    hour = at.replace(minute=0, second=0, microsecond=0)
    found = _outside(plan.week, plan.zone, numbers, sampled.forbids, hour)
    if found:
        lies = "lies" if len(found) == 1 else "lie"
        detail = f"{_listed(found)} {lies} outside every lawful hour of the people to be called, by a sample of them"
        yield Note(NoteCode.WINDOW_OUTSIDE_LAWFUL_HOURS, detail)


@lru_cache(maxsize=8192)
def _outside(week: Week, zone: ZoneInfo, numbers: tuple[str, ...], forbids: Forbids, at: datetime) -> tuple[str, ...]:
    """Return the windows of a week in which none of the numbers may ever be called; kept, since reports ask often."""
    end = at + _LOOK_AHEAD
    missed: defaultdict[tuple[int, str], list[bool]] = defaultdict(list)
    for window in windows(week, zone, at, end):
        if window.opens_at == at or window.closes_at == end:
            continue  # perhaps only a part of it
        opens, closes = window.opens_at.astimezone(zone), window.closes_at.astimezone(zone)
        name = f"{DAYS[opens.weekday()]} {opens:%H:%M}-{closes:%H:%M}"
        missed[opens.weekday(), name].append(first_lawful(window, numbers, forbids) is None)
    return tuple(name for (_, name), times in sorted(missed.items()) if len(times) >= _OCCURRENCES and all(times))


def _foreign(zone: str, phone: Phone) -> Iterator[Note]:
    country = (phone.country or "").strip().upper()
    if is_country(country) and country not in countries(zone):
        detail = f"the time zone {zone} is not kept in {country}, the country of the phone {phone.number}"
        yield Note(NoteCode.ZONE_NOT_OF_PHONE_COUNTRY, detail)


def _listed(names: Sequence[str]) -> str:
    if len(names) > _QUOTED:
        return f"{', '.join(names[:_QUOTED])} and {len(names) - _QUOTED} more"
    return " and ".join(filter(None, (", ".join(names[:-1]), names[-1])))
