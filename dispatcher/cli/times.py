"""Instants as people give them and read them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta, tzinfo
from typing import Any

import click

_MINUTE, _HOUR, _DAY = 60, 60 * 60, 24 * 60 * 60


class Time(click.ParamType[datetime]):
    """An instant in ISO 8601, or `now`; without an offset it is UTC, since a zone of several would be a guess."""

    name = "time"

    def convert(self, value: Any, param: click.Parameter | None, ctx: click.Context | None) -> datetime:
        """Return an aware instant in UTC."""
        if isinstance(value, datetime):
            return value
        if value == "now":
            return now()
        try:
            read = datetime.fromisoformat(value)
            return read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC)
        except (ValueError, OverflowError):
            self.fail(
                f"{value!r} is no time: write it in ISO 8601, such as 2026-11-02T09:00Z or 2026-11-02T09:00-05:00"
                " (without an offset it is UTC), or now.",
                param,
                ctx,
            )


def now() -> datetime:
    """Return the one instant that a command takes for now, so that all that it says of it agrees."""
    instant: datetime = click.get_current_context().meta.setdefault(__name__, datetime.now(UTC))
    return instant


def read(instant: str) -> datetime:
    """Return the instant of a report's document."""
    return datetime.fromisoformat(instant).astimezone(UTC)


def utc(at: datetime, mark: str = " UTC") -> str:
    """Write an instant for people, in UTC, to the second where it has any; `mark` says of which zone it is."""
    return f"{at.astimezone(UTC):{_format(at)}}{mark}"


def local(at: datetime, zone: tzinfo) -> str:
    """Write an instant for people on a zone's wall clock, with the short name that tells a repeated hour apart."""
    here = at.astimezone(zone)
    return f"{here:%a %d %b} {clock(at, zone)}"


def weekday(at: datetime, zone: tzinfo, mark: str = " %Z") -> str:
    """Write the day of the week of an instant and its time of day, for where the date is plain from what stands by."""
    here = at.astimezone(zone)
    return f"{here:%a} {clock(at, zone, mark)}"


def clock(at: datetime, zone: tzinfo, mark: str = " %Z") -> str:
    """Write the time of day of an instant on a zone's wall clock, with the zone's short name unless `mark` is empty."""
    here = at.astimezone(zone)
    return here.strftime(f"%H:%M{mark}" if here.second == 0 else f"%H:%M:%S{mark}")


def both(at: datetime, zone: tzinfo | None) -> str:
    """Write an instant on a zone's wall clock, where there is one, in UTC, and how far away it is."""
    here = f"{local(at, zone)}, " if zone else ""
    return f"{here}{utc(at)} ({until(at)})"


def until(at: datetime) -> str:
    """Write how far away an instant is: `in 3 h 20 min`, `12 s ago`, `now`."""
    seconds = round((at - now()).total_seconds())
    if seconds == 0:
        return "now"
    return f"in {length(seconds)}" if seconds > 0 else f"{length(-seconds)} ago"


def length(seconds: float | timedelta) -> str:
    """Write a length of time in its two largest units: `3 h 20 min`, `2 d`, `45 s`."""
    whole = round(seconds.total_seconds() if isinstance(seconds, timedelta) else seconds)
    if whole < _MINUTE:
        return f"{whole} s"
    if whole < _HOUR:
        return _two(whole, _MINUTE, "min", 1, "s")
    if whole < _DAY:
        return _two(whole, _HOUR, "h", _MINUTE, "min")
    return _two(whole, _DAY, "d", _HOUR, "h")


def _two(seconds: int, large: int, large_name: str, small: int, small_name: str) -> str:
    rest = seconds % large // small
    return f"{seconds // large} {large_name}" + (f" {rest} {small_name}" if rest else "")


def _format(at: datetime) -> str:
    return "%Y-%m-%d %H:%M" if at.second == 0 else "%Y-%m-%d %H:%M:%S"
