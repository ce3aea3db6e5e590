"""Time zones by their names in the tz database, from whichever copy of it is newer.

A host has up to two copies: the system's, which Python prefers and which is often the older, and the `tzdata` package.
They differ in the rules of real places, so the daemon and the command line call `use_newest` once before they ask.
A `ZoneInfo` keeps the data that it was made from: store names, and resolve them anew after `use_newest`.
"""

import re
import zoneinfo
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Literal
from zoneinfo import ZoneInfo

import tzdata  # it ships none

from dispatcher.model.reasons import Code
from dispatcher.rules import offsets
from dispatcher.rules.fault import Fault, shown

_VERSION = re.compile(r"(?:# version )?([0-9]{4}[a-z]{1,2})\b")
_VERSION_FILES = ("tzdata.zi", "+VERSION")
"""Where a system says which release it has: most of Linux, and macOS."""

_NO_PLACES = frozenset({"localtime", "posixrules"})
"""Files beside the zones that mean whatever the host's administrator chose."""


class ZoneFault(Fault):
    """The campaign's time zone is missing or unknown, so that the campaign is not dialled."""


@dataclass(frozen=True, slots=True)
class Source:
    """The copy of the tz database in use: its release, such as `2026a` or `unknown`, and where it comes from."""

    version: str
    origin: Literal["system", "package"]


def zone(name: object) -> ZoneInfo:
    """Return the zone of that exact name in the tz database.

    ZoneFault says NO_TIMEZONE for null, empty and blank, TIMEZONE_UNKNOWN for all else that is no such name: another
    case, surrounding blanks, an offset, a path, a type that is no string. Old names (`EST`, `US/Pacific`) mean what
    the database says of them.
    """
    if name is None or (isinstance(name, str) and not name.strip()):
        raise ZoneFault(Code.NO_TIMEZONE, "the campaign has no time zone")
    if not isinstance(name, str) or name not in names():
        raise ZoneFault(
            Code.TIMEZONE_UNKNOWN,
            f"the time zone {shown(name)} is not in the tz database; a name is such as 'Europe/Paris'",
        )
    try:
        return ZoneInfo(name)
    except Exception as error:  # a damaged file of zone data fails in many ways
        raise ZoneFault(Code.TIMEZONE_UNKNOWN, f"the time zone data of {name} cannot be read: {error}") from error


@lru_cache(maxsize=4096)
def zones(names: tuple[str, ...]) -> tuple[ZoneInfo, ...]:
    """Return the zones of several names; ZoneFault if any of them is no name of one."""
    return tuple(map(zone, names))


@lru_cache(maxsize=1)
def names() -> frozenset[str]:
    """Return every name that `zone` accepts."""
    return frozenset(zoneinfo.available_timezones()) - _NO_PLACES


@lru_cache(maxsize=1)
def source() -> Source:
    """Return which copy of the tz database zones are read from, as it was when `use_newest` was last called."""
    directory = _system()
    if directory is None:
        return Source(_packaged(), "package")
    return Source(_version(directory) or "unknown", "system")


def use_newest() -> Source:
    """Have every zone that is resolved from now on read from the newer copy, and return which that is.

    This changes the whole process: it sets the search path of `zoneinfo` and empties its cache. The system's copy is
    used only if it tells a later release than the package's.
    """
    zoneinfo.reset_tzpath()
    directory = _system()
    if directory is None or _age(_version(directory)) <= _age(_packaged()):
        zoneinfo.reset_tzpath(to=())
    ZoneInfo.clear_cache()
    names.cache_clear()
    source.cache_clear()
    offsets.forget()
    zones.cache_clear()
    return source()


def _system() -> Path | None:
    """Return the directory that zones are read from first, or None where only the package is there."""
    return next((Path(entry) for entry in zoneinfo.TZPATH if Path(entry).is_dir()), None)


def _packaged() -> str:
    """Return the release of the package as it lies on the disk now: it may be newer than the one that was imported."""
    return _version(Path(tzdata.__file__).parent / "zoneinfo") or str(tzdata.IANA_VERSION)


def _version(directory: Path) -> str | None:
    for name in _VERSION_FILES:
        try:
            with (directory / name).open(encoding="ascii", errors="replace") as file:
                found = _VERSION.match(file.readline(80))
        except OSError:
            continue
        if found:
            return found[1]
    return None


def _age(version: str | None) -> tuple[str, int, str]:
    """Return what releases are ordered by: the year, then `a` to `z`, then `za`; one that is not known comes first."""
    return (version[:4], len(version), version) if version else ("", 0, "")
