"""Reading a pack of calling rules from TOML. Every fault of the file is told at once."""

import re
import tomllib
from collections.abc import Callable, Iterator
from datetime import date, datetime, timedelta
from functools import lru_cache
from importlib.resources import files
from itertools import pairwise
from typing import Any, TypeGuard, TypeVar, cast

import phonenumbers

from dispatcher.errors import ConfigurationError
from dispatcher.rules import days_off
from dispatcher.rules.fault import shown
from dispatcher.rules.rulepack import BLACKOUT, EVERYWHERE, Mode, Rule, RulePack
from dispatcher.rules.schedule import DAY_MINUTES, DAYS, Week
from dispatcher.rules.spacing import Cap

T = TypeVar("T")

_GROUPS = {"daily": DAYS, "weekdays": DAYS[:5], "weekend": DAYS[5:]} | {day: (day,) for day in DAYS}
_HOURS = re.compile(r"([01][0-9]|2[0-3]):([0-5][0-9])-(?:([01][0-9]|2[0-3]):([0-5][0-9])|(24):(00))")
_ID = re.compile(r"[a-z][a-z0-9-]{1,39}")
_MODES = ("off", "shadow", "on")
_PERIODS = ("hours", "days")
_MOST = 1000
"""No cap counts more calls, or over more hours or days."""

_REQUIRED = ("id", "countries", "effective_from", "checked", "source")
_KEYS = (
    *_REQUIRED,
    *("states", "mode", "hours", "before_holidays", "on_holidays", "attempts", "effective_until", "consent", "note"),
)


@lru_cache(maxsize=1)
def shipped() -> RulePack:
    """Return the pack that comes with the dispatcher, as its file has it."""
    return parse(files("dispatcher.rules").joinpath("calling-rules.toml").read_text(encoding="utf-8"), "shipped rules")


def parse(text: str, name: str) -> RulePack:
    """Return the pack that a TOML text stands for; `name` is what its faults call it.

    Whatever the text is, the only error is ConfigurationError, with a sentence for each fault.
    """
    try:
        document = tomllib.loads(text)
    except (ValueError, RecursionError) as fault:
        raise ConfigurationError(f"{name} is no TOML: {fault}.") from None
    faults: list[str] = []
    version = document.get("version")
    if not isinstance(version, str) or not version.strip():
        faults.append("version must be a text, such as '2026-11-21'")
    tables = document.get("rules")
    if not isinstance(tables, list) or not tables:
        faults.append("there are no rules: write each below [[rules]]")
        tables = []
    faults += [f"{shown(key)} is no key of the file" for key in document if key not in {"version", "rules"}]
    rules = []
    for number, table in enumerate(tables, 1):
        reader = _Reader(table, f"rule {number}")
        rules.append(reader.rule())
        faults += reader.faults
    ids = [rule.id for rule in rules if rule is not None]
    faults += [f"{one!r} is the id of more than one rule" for one in sorted({one for one in ids if ids.count(one) > 1})]
    if faults:
        raise ConfigurationError(*(f"{name}: {fault}." for fault in faults))
    return RulePack(str(version), tuple(rule for rule in rules if rule is not None))


class _Reader:
    """Reads one rule, and remembers all that is wrong with it."""

    def __init__(self, table: object, name: str) -> None:
        self.faults: list[str] = []
        self._table: dict[str, Any] = table if isinstance(table, dict) else {}
        given = self._table.get("id")
        self._name = f"rule {given}" if _is_id(given) else name

    def rule(self) -> Rule | None:
        """Return the rule; None if anything is wrong with it."""
        for key in self._table:
            if key not in _KEYS:
                self._blame(f"{shown(key)} is no key of a rule: use {', '.join(_KEYS)}")
        for key in _REQUIRED:
            if key not in self._table:
                self._blame(f"{key} is missing")
        id_ = self._read("id", self._id, "")
        countries = self._read("countries", self._countries, frozenset[str]())
        week = self._read("hours", self._week, None)
        rule = Rule(
            id=id_,
            countries=countries,
            source=self._read("source", self._text, ""),
            effective_from=self._read("effective_from", self._date, date.max),
            mode=self._read("mode", self._mode, "on"),
            states=self._read("states", lambda value: self._states(value, countries), frozenset[str]()),
            week=week,
            eves=self._read("before_holidays", lambda value: self._eves(value, week, countries), None),
            on_holidays=self._read("on_holidays", lambda value: self._on_holidays(value, countries), True),
            caps=self._read("attempts", lambda value: tuple(self._caps(value, id_)), ()),
            effective_until=self._read("effective_until", self._date, None),
            checked=self._read("checked", self._checked, None),
            consent=self._read("consent", self._text, None),
            note=self._read("note", self._text, None),
        )
        if rule.effective_until is not None and rule.effective_until < rule.effective_from < date.max:
            self._blame("effective_until is before effective_from")
        if self._table.get("checked") is False and rule.note is None:
            self._blame("a rule that was not checked needs a note that says why")
        return None if self.faults else rule

    def _read(self, key: str, read: Callable[[Any], T], default: T) -> T:
        if key not in self._table:
            return default
        try:
            return read(self._table[key])
        except ValueError as fault:
            self._blame(f"{key} {fault}")
            return default

    def _blame(self, fault: str) -> None:
        self.faults.append(f"{self._name}: {fault}")

    def _id(self, value: object) -> str:
        if not _is_id(value):
            raise ValueError(f"is {_told(value)}, not small letters, digits and hyphens such as 'us-fl'")
        return value

    def _text(self, value: object) -> str:
        if not isinstance(value, str) or not value.strip():
            raise ValueError(f"is {shown(value)}, not a text")
        return value

    def _date(self, value: object) -> date:
        # The first and last days of the calendar leave no room for the days around them.
        if not isinstance(value, date) or isinstance(value, datetime) or not 1900 <= value.year <= 2200:  # noqa: PLR2004
            raise ValueError(f"is {_told(value)}, not a date such as 2026-11-21")
        return value

    def _checked(self, value: object) -> date | None:
        return None if value is False else self._date(value)

    def _mode(self, value: object) -> Mode:
        if value not in _MODES:
            raise ValueError(f"is {_told(value)}, not one of {', '.join(_MODES)}")
        return cast("Mode", value)

    def _countries(self, value: object) -> frozenset[str]:
        if value == [EVERYWHERE]:
            return frozenset({EVERYWHERE})
        return _names(
            value, phonenumbers.SUPPORTED_REGIONS, f"a country (ISO 3166), such as 'US', or only {EVERYWHERE!r}"
        )

    def _states(self, value: object, countries: frozenset[str]) -> frozenset[str]:
        if len(countries) != 1:
            raise ValueError("can be told of one country only")
        (country,) = countries
        return _names(value, days_off.states(country), f"a state of {country}")

    def _on_holidays(self, value: object, countries: frozenset[str]) -> bool:
        if value is not True and value is not False:
            raise ValueError(f"is {_told(value)}, not true or false")
        unknown = sorted(countries - days_off.countries())
        if unknown and not value:
            raise ValueError(f"is false, but the holidays of {', '.join(unknown)} are not known")
        return value

    def _week(self, value: object) -> Week:
        if not isinstance(value, dict) or not value:
            raise ValueError(f"is {_told(value)}, not a table of days such as {{ weekdays = '08:00-21:00' }}")
        open_: dict[str, list[tuple[int, int]]] = {}
        for key, hours in value.items():
            for day in _GROUPS.get(key, ()):
                if day in open_:
                    raise ValueError(f"names {day} more than once")
                open_[day] = list(_day(key, hours))
            if key not in _GROUPS:
                raise ValueError(f"has {shown(key)}, not one of {', '.join(_GROUPS)}")
        return Week.of(
            (DAYS.index(day) * DAY_MINUTES + start, DAYS.index(day) * DAY_MINUTES + end)
            for day, hours in open_.items()
            for start, end in hours
        )

    def _eves(self, value: object, week: Week | None, countries: frozenset[str]) -> Week:
        if week is None:
            raise ValueError("narrows the hours, but there are none: write hours too")
        unknown = sorted(countries - days_off.countries())
        if unknown:
            raise ValueError(f"is told, but the holidays of {', '.join(unknown)} are not known")
        daily = list(_day("the day before a holiday", value))
        return week.within(
            Week.of(
                (day * DAY_MINUTES + start, day * DAY_MINUTES + end) for day in range(len(DAYS)) for start, end in daily
            )
        )

    def _caps(self, value: object, rule: str) -> Iterator[Cap]:
        if not isinstance(value, list) or not value:
            raise ValueError(f"is {_told(value)}, not a list such as [{{ count = 3, hours = 24 }}]")
        for cap in value:
            period = [key for key in _PERIODS if isinstance(cap, dict) and key in cap]
            if len(period) != 1 or cap.keys() != {"count", *period} or not all(map(_counts, cap.values())):
                raise ValueError(f"must have a count and either hours or days in each, whole numbers from 1 to {_MOST}")
            yield Cap(cap["count"], timedelta(**{period[0]: cap[period[0]]}), rule)


def _is_id(value: object) -> TypeGuard[str]:
    return isinstance(value, str) and value != BLACKOUT and _ID.fullmatch(value) is not None


def _counts(value: object) -> bool:
    return isinstance(value, int) and not isinstance(value, bool) and 1 <= value <= _MOST


def _day(key: str, value: object) -> Iterator[tuple[int, int]]:
    """Yield the [start, end) in minutes of a day's hours, in order."""
    found = []
    for hours in value if isinstance(value, list) and value else [value]:
        match = _HOURS.fullmatch(hours) if isinstance(hours, str) else None
        if match is None:
            raise ValueError(f"has {_told(hours)} on {key}, not hours such as '08:00-21:00'")
        numbers = [int(part) for part in match.groups() if part is not None]
        start, end = numbers[0] * 60 + numbers[1], numbers[2] * 60 + numbers[3]
        if start >= end:
            raise ValueError(f"has {hours!r} on {key}, which ends before it begins")
        found.append((start, end))
    found.sort()
    if any(one[1] > other[0] for one, other in pairwise(found)):
        raise ValueError(f"overlap on {key}")
    yield from found


def _names(value: object, known: Any, kind: str) -> frozenset[str]:
    if not isinstance(value, list) or not value:
        raise ValueError(f"is {_told(value)}, not a list")
    wrong = [one for one in value if not isinstance(one, str) or one not in known]
    if wrong:
        raise ValueError(f"has {', '.join(map(_told, wrong[:5]))}, not {kind}")
    return frozenset(value)


def _told(value: object) -> str:
    return value.isoformat() if isinstance(value, date) else shown(value)
