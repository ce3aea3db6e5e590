"""The countries in which a time zone is kept, by the tz database's own tables.

`zone1970.tab` lists the zones that differ since 1970 with every country that keeps them, `zone.tab` one country for
each name, and the links of `tzdata.zi` tell which names mean the same zone. They are read from the `tzdata` package:
the system's copy of the database need not have them.
"""

from collections import defaultdict
from collections.abc import Iterator, Mapping
from functools import lru_cache
from importlib.resources import files

_ZONE_TABLES = ("zone1970.tab", "zone.tab")


def countries(zone: str) -> frozenset[str]:
    """Return the ISO 3166 codes of the countries that keep the zone of that name; none for UTC and its like."""
    kept = _kept()
    return kept.get(zone, frozenset()) | kept.get(_links().get(zone, zone), frozenset())


def is_country(code: str) -> bool:
    """Tell whether a text is the ISO 3166 code, in upper case, of a country that has a time zone."""
    return code in _codes()


@lru_cache(maxsize=1)
def _kept() -> Mapping[str, frozenset[str]]:
    found: defaultdict[str, set[str]] = defaultdict(set)
    for table in _ZONE_TABLES:
        for codes, _, zone, *_ in _lines(table, "\t"):
            found[zone].update(codes.split(","))
    return {zone: frozenset(codes) for zone, codes in found.items()}


@lru_cache(maxsize=1)
def _codes() -> frozenset[str]:
    return frozenset().union(*_kept().values())


@lru_cache(maxsize=1)
def _links() -> Mapping[str, str]:
    """Return for each name that is a link the zone that it means."""
    return {words[2]: words[1] for words in _lines("tzdata.zi", " ") if words[0] == "L"}


def _lines(name: str, separator: str) -> Iterator[list[str]]:
    text = files("tzdata.zoneinfo").joinpath(name).read_text(encoding="utf-8")
    return (line.split(separator) for line in text.splitlines() if line and not line.startswith("#"))
