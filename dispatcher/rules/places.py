"""Where the person behind a number may be: countries, states and time zones.

A number tells a set of places, not one: a mobile number may ring anywhere in its country, and a toll-free one in any
country of its plan. Whoever asks must respect the law and the clock of each of them.
"""

from dataclasses import dataclass
from functools import lru_cache
from importlib.resources import files

import phonenumbers
from phonenumbers import PhoneNumberType

from dispatcher.rules.area_codes import REGIONS
from dispatcher.rules.numbers import candidate_zones

TERRITORIES = frozenset({"US", "PR", "GU", "VI", "AS", "MP"})
"""The United States and those of its territories that ISO 3166 lists as countries: one law for calls."""

_PERSONAL = frozenset({PhoneNumberType.FIXED_LINE, PhoneNumberType.MOBILE, PhoneNumberType.FIXED_LINE_OR_MOBILE})
_AREA = slice(2, 5)


@dataclass(frozen=True, slots=True)
class Places:
    """Where a person may be.

    `regions` are ISO 3166 codes: of a country (`FR`), whose state is not known, or of a state (`US-FL`). `zones` are
    names in the tz database; without any, no local time is known.
    """

    regions: tuple[str, ...]
    zones: tuple[str, ...]


@lru_cache(maxsize=16384)
def places(e164: str, country: str | None = None, *, whole_country: bool = False) -> Places:
    """Return where the person with a number in E.164 may be.

    `country` is what the platform says of the person: if it is a country's code (ISO 3166, two letters) and not the
    number's, the person may be in either. With `whole_country` a number that tells no time zone may be in every zone
    of the countries of its calling code; without, it has no zone.
    """
    parsed = phonenumbers.parse(e164, None)
    countries = _countries(parsed)
    zones = candidate_zones(e164)
    if not zones and whole_country:
        zones = tuple(zone for one in countries for zone in zones_of(one))
    regions = countries
    if len(countries) == 1 and countries[0] in {"US", "CA"}:
        states = REGIONS.get(e164[_AREA], frozenset())
        regions = tuple(sorted(one for one in states if one.startswith(countries[0]))) or countries
    claimed = _claimed(country)
    if claimed and claimed not in countries and not {claimed, *countries} <= TERRITORIES:
        # A zone that is not known stays so: the number may still ring where it comes from.
        return Places((*regions, claimed), (*zones, *zones_of(claimed)) if zones else ())
    return Places(regions, zones)


@lru_cache(maxsize=512)
def zones_of(country: str) -> tuple[str, ...]:
    """Return the time zones of a country (ISO 3166) as the tz database lists them; none for what it does not list."""
    table = files("tzdata").joinpath("zoneinfo/zone.tab").read_text(encoding="ascii")
    rows = (line.split("\t") for line in table.splitlines() if not line.startswith("#"))
    return tuple(row[2] for row in rows if row[0] == country)


def _countries(number: phonenumbers.PhoneNumber) -> tuple[str, ...]:
    """Return the number's country, or every country that shares its calling code where it is not one person's."""
    own = phonenumbers.region_code_for_number(number)
    if own is not None and phonenumbers.number_type(number) in _PERSONAL:
        return (own,)
    return tuple(phonenumbers.region_codes_for_country_code(number.country_code or 0))


def _claimed(country: str | None) -> str | None:
    code = (country or "").strip().upper()
    return code if code in phonenumbers.SUPPORTED_REGIONS else None
