"""The calling rules, and what they say of a number, as JSON."""

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from dispatcher.reports.instants import iso
from dispatcher.rules.places import places
from dispatcher.rules.recipient import lawful_until, recipient_reason, rules_of, would_block
from dispatcher.rules.rulepack import Rule, RulePack, hours
from dispatcher.rules.schedule import DAYS, Week
from dispatcher.rules.spacing import Cap

_DAY = timedelta(days=1)
_HOUR = timedelta(hours=1)


def pack_document(pack: RulePack, prefix: str) -> dict[str, Any]:
    """Return the rules whose ids begin with a text, the blackout dates first."""
    every = (*([pack.blackout] if pack.blackout else []), *pack.rules)
    return {"version": pack.version, "rules": [_rule(rule) for rule in every if rule.id.startswith(prefix)]}


def number_document(e164: str, at: datetime, pack: RulePack, country: str | None) -> dict[str, Any]:
    """Return whether a number may be called at `at`, and every rule that may bind it, those that are on first.

    `lawful` says whether it may. If so, `lawful_until` is the end of that; if not, `code` and `detail` say why and
    `until` when it may again, null where that is not to be told. `would_block` are the rules in shadow that would
    forbid the call.
    """
    where = places(e164, country, whole_country=pack.unknown_zone == "country")
    reason = recipient_reason(e164, at, pack, country)
    return {
        "number": e164,
        "at": iso(at),
        "pack": pack.version,
        "regions": list(where.regions),
        "zones": list(where.zones),
        "rules": [_rule(rule) for rule in rules_of(e164, at, pack, country)],
        "lawful": reason is None,
        "lawful_until": iso(lawful_until(e164, at, pack, country)),
        "code": reason.code.value if reason else None,
        "detail": reason.detail if reason else None,
        "until": iso(reason.until) if reason else None,
        "would_block": would_block(e164, at, pack, country),
    }


def _rule(rule: Rule) -> dict[str, Any]:
    return {
        "id": rule.id,
        "mode": rule.mode,
        "regions": _regions(rule),
        "hours": list(_hours(rule.week)),
        "before_holidays": list(_hours(rule.eves)),
        "on_holidays": rule.on_holidays,
        "closed_on": sorted(day.isoformat() for day in rule.closed_on),
        "attempts": [_cap(cap) for cap in rule.caps],
        "effective_from": rule.effective_from.isoformat(),
        "effective_until": rule.effective_until.isoformat() if rule.effective_until else None,
        "checked": rule.checked.isoformat() if rule.checked else None,
        "source": rule.source,
        "consent": rule.consent,
        "note": rule.note,
    }


def _regions(rule: Rule) -> list[str]:
    if not rule.states:
        return sorted(rule.countries)
    return sorted(f"{country}-{state}" for country in rule.countries for state in rule.states)


def _hours(week: Week | None) -> Iterable[str]:
    """Yield the hours of each run of days that have the same."""
    days = [hours(week, day) for day in range(len(DAYS))] if week else []
    first = 0
    for day, text in enumerate(days):
        if day + 1 == len(days) or days[day + 1] != text:
            name = DAYS[day] if first == day else f"{DAYS[first]}-{DAYS[day]}"
            yield f"{name} {text or 'none'}"
            first = day + 1


def _cap(cap: Cap) -> str:
    number, unit = (cap.within // _DAY, "d") if cap.within % _DAY == timedelta(0) else (cap.within // _HOUR, "h")
    return f"{cap.most} in {number} {unit}"
