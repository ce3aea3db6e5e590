"""How long before a window closes its last call may begin: a set time, or the campaign's own 95th percentile.

By the percentile, 19 of 20 calls that begin at the last moment end before the window closes.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final, Literal

P95: Final = "p95"

Before = timedelta | Literal["p95"]
"""What the setting may hold."""

ASSUMED = timedelta(minutes=5)
"""What is taken for the percentile until ENOUGH calls of the campaign have ended."""

ENOUGH = 20
"""The 95th percentile of fewer calls is the longest of them."""

_SETTING = "schedule.last_call_before_close"
_PART = 95
_SECOND = timedelta(seconds=1)


@dataclass(frozen=True, slots=True)
class Guard:
    """The time before a window closes in which no call begins, and in words what it is so by."""

    length: timedelta
    by: str = _SETTING


NO_GUARD = Guard(timedelta(0))
"""Calls may begin until the very moment of closing."""


def guard(before: Before, lengths: Sequence[timedelta]) -> Guard:
    """Return the guard of a campaign by the setting and by how long its newest calls took."""
    if before != P95:
        return Guard(before)
    if len(lengths) < ENOUGH:
        return Guard(ASSUMED, f"{_SETTING}: assumed until {ENOUGH} of its calls have ended")
    return Guard(percentile(lengths), f"{_SETTING}: {_PART} % of its last {len(lengths)} calls took no longer")


def percentile(lengths: Sequence[timedelta]) -> timedelta:
    """Return the shortest of the lengths that at least 95 % of them do not exceed, in whole seconds, rounded up."""
    rank = -(-len(lengths) * _PART // 100)
    return -(-sorted(lengths)[rank - 1] // _SECOND) * _SECOND
