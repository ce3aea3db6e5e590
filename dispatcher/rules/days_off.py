"""Public holidays by country and state, as the `holidays` package knows them."""

from datetime import date
from functools import lru_cache

import holidays
from holidays.registry import EntityLoader


@lru_cache(maxsize=1)
def countries() -> frozenset[str]:
    """Return the countries (ISO 3166) whose holidays are known."""
    # Without loading any of them: all at once take more than a second.
    return frozenset(EntityLoader.get_country_codes(include_aliases=False))


@lru_cache(maxsize=256)
def states(country: str) -> frozenset[str]:
    """Return the states of a country for which holidays are known."""
    return frozenset(holidays.country_holidays(country).subdivisions) if country in countries() else frozenset()


@lru_cache(maxsize=4096)
def holiday(region: str, day: date) -> str | None:
    """Return the name of the public holiday that a day is in a country (`FR`) or state (`US-PA`), or None.

    A holiday that is observed on another day counts on both.
    """
    return _calendar(region, day.year).get(day)


@lru_cache(maxsize=1024)
def _calendar(region: str, year: int) -> dict[date, str]:
    country, _, state = region.partition("-")
    if country not in countries():
        return {}
    return dict(holidays.country_holidays(country, subdiv=state if state in states(country) else None, years=year))
