"""Calling rules: the law on when, and how often, a person may be called, as dated data with their sources.

A pack is read once (`packfile`), takes its settings (`RulePack.with_settings`) and is passed to whoever asks. Rules and
packs are compared by identity, so that they are quick keys of caches.
"""

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import UTC, date, datetime, timedelta
from functools import lru_cache
from typing import Literal

from dispatcher.errors import ConfigurationError
from dispatcher.rules.days_off import holiday
from dispatcher.rules.schedule import DAY_MINUTES, Week
from dispatcher.rules.spacing import Cap

Mode = Literal["off", "shadow", "on"]
UnknownZone = Literal["block", "country"]

EVERYWHERE = "*"
"""The country of a rule that binds wherever no other rule of the pack tells hours."""

BLACKOUT = "blackout"
"""The id of the rule that the operator's own blackout dates make."""

_DAY = timedelta(days=1)
_EARLY = timedelta(days=2)
_LATE = timedelta(days=1)
"""A rule binds a little longer than its dates say: a call may begin a day after it was judged, in a zone ahead of UTC
or behind it."""


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """One rule of a pack.

    It binds in `countries` (ISO 3166), and if it names `states`, in those of its one country only. `week` are the
    wall-clock hours in which calls are lawful, None if it tells none; `eves` are those of the days before a public
    holiday if they are others. Without `on_holidays` no call is lawful on public holidays, nor ever on `closed_on`.
    `checked` is the day on which the source was last looked up and found to say this; None if it could not be found.
    """

    id: str
    countries: frozenset[str]
    source: str
    effective_from: date
    mode: Mode = "on"
    states: frozenset[str] = frozenset()
    week: Week | None = None
    eves: Week | None = None
    on_holidays: bool = True
    caps: tuple[Cap, ...] = ()
    effective_until: date | None = None
    checked: date | None = None
    consent: str | None = None
    note: str | None = None
    closed_on: frozenset[date] = frozenset()

    def in_force(self, day: date) -> bool:
        """Tell whether the rule binds those who may be called on a day (UTC) or within a day after it."""
        return self.effective_from - _EARLY <= day and (
            self.effective_until is None or day <= self.effective_until + _LATE
        )

    def within(self, regions: Iterable[str]) -> tuple[str, ...]:
        """Return those of the regions in which the rule may bind: a country whose state is not known counts."""
        return tuple(region for region in regions if self._covers(region))

    def _covers(self, region: str) -> bool:
        country, _, state = region.partition("-")
        return country in self.countries and (not self.states or not state or state in self.states)

    @property
    def has_calendar(self) -> bool:
        """Whether a day of the calendar may differ from the same day of another week."""
        return not self.on_holidays or bool(self.closed_on) or self.eves is not None

    def day_off(self, regions: Iterable[str], day: date) -> str | None:
        """Return why no call is lawful on a local day in one of the regions: the holiday's name; None if it is."""
        if day in self.closed_on:
            return "a blackout date"
        if self.on_holidays:
            return None
        return self._holiday(regions, day)

    def week_on(self, regions: Iterable[str], day: date) -> Week | None:
        """Return the hours that hold on a local day in one of the regions."""
        if self.eves is not None and self._holiday(regions, day + _DAY) is not None:
            return self.eves
        return self.week

    def _holiday(self, regions: Iterable[str], day: date) -> str | None:
        return next((name for region in self._calendars(regions) if (name := holiday(region, day))), None)

    def _calendars(self, regions: Iterable[str]) -> Iterable[str]:
        for region in self.within(regions):
            if "-" in region or not self.states:
                yield region
            else:
                yield from (f"{region}-{state}" for state in sorted(self.states))


@dataclass(frozen=True, slots=True, eq=False)
class RulePack:
    """The rules in force, made once from the file and the settings."""

    version: str
    rules: tuple[Rule, ...]
    blackout: Rule | None = None
    unknown_zone: UnknownZone = "block"

    @property
    def memory(self) -> timedelta:
        """How long a call to a person matters to any cap after it was begun."""
        return max((cap.within for rule in self.rules for cap in rule.caps), default=timedelta(0))

    def with_settings(
        self, *, modes: Iterable[tuple[str, Mode]], blackout_dates: Iterable[date], unknown_zone: UnknownZone
    ) -> "RulePack":
        """Return the pack as the settings want it; `modes` are rules' ids, each with its mode.

        ConfigurationError names every id that is no rule's, or that is given more than one mode.
        """
        wanted: dict[str, Mode] = {}
        known = {rule.id for rule in self.rules}
        faults = []
        for name, mode in modes:
            if name not in known:
                faults.append(f"calling_rules.{mode} names {name!r}, which is no rule: see `dispatcher rules show`.")
            elif wanted.setdefault(name, mode) != mode:
                faults.append(f"calling_rules.{mode} and calling_rules.{wanted[name]} both name {name!r}: keep one.")
        if faults:
            raise ConfigurationError(*faults)
        return replace(
            self,
            rules=tuple(replace(rule, mode=wanted.get(rule.id, rule.mode)) for rule in self.rules),
            blackout=_blackout(frozenset(blackout_dates)),
            unknown_zone=unknown_zone,
        )

    def binding(self, regions: tuple[str, ...], at: datetime, mode: Mode) -> tuple[Rule, ...]:
        """Return the rules of that mode that bind a person in one of the regions at `at`, the blackout first."""
        return _binding(self, regions, at.astimezone(UTC).date(), mode)


def hours(week: Week, weekday: int) -> str:
    """Write the hours of a day (0 is Monday), such as `10:00-13:00, 14:00-20:00`; empty if there are none."""
    start, end = weekday * DAY_MINUTES, (weekday + 1) * DAY_MINUTES
    within = ((max(a, start) - start, min(b, end) - start) for a, b in week.intervals)
    return ", ".join(f"{a // 60:02}:{a % 60:02}-{b // 60:02}:{b % 60:02}" for a, b in within if a < b)


def _blackout(days: frozenset[date]) -> Rule | None:
    if not days:
        return None
    return Rule(
        id=BLACKOUT,
        countries=frozenset(),
        source="calling_rules.blackout_dates",
        effective_from=date.min + _EARLY,
        closed_on=days,
    )


@lru_cache(maxsize=16384)
def _binding(pack: RulePack, regions: tuple[str, ...], day: date, mode: Mode) -> tuple[Rule, ...]:
    found = [pack.blackout] if pack.blackout and mode == "on" else []
    without_hours = {
        country
        for country in (region.partition("-")[0] for region in regions)
        if not any(rule.week and not rule.states and country in rule.countries for rule in pack.rules)
    }
    for rule in pack.rules:
        binds = bool(without_hours) if EVERYWHERE in rule.countries else bool(rule.within(regions))
        if rule.mode == mode and binds and rule.in_force(day):
            found.append(rule)
    return tuple(found)
