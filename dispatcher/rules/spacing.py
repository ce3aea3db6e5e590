"""How often one person may be called, by all campaigns together, and how soon after one another.

A person is a number in E.164. A call counts from the moment that it was begun, whatever came of it; one of which
nobody knows whether it was begun counts too.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from dispatcher.model.reasons import Code, Reason

_UNITS = ((timedelta(days=1), "days"), (timedelta(hours=1), "hours"), (timedelta(minutes=1), "minutes"))


@dataclass(frozen=True, slots=True)
class Cap:
    """At most so many calls to one person within any stretch of time of that length; `source` is who says so."""

    most: int
    within: timedelta
    source: str


@dataclass(frozen=True, slots=True)
class Call:
    """A call to the person that was begun at that instant (UTC), for that order."""

    order: str
    begun_at: datetime


@dataclass(frozen=True, slots=True)
class Spacing:
    """The caps, and the least time from a call to one of another order of the same person.

    An order's own next attempt has its own gap, by the outcome of the one before (`rules.retry`).
    """

    caps: tuple[Cap, ...]
    gap: timedelta
    gap_source: str

    @property
    def memory(self) -> timedelta:
        """How long a call matters after it was begun."""
        return max([self.gap, *(cap.within for cap in self.caps)])


def spacing_reasons(order: str, calls: Sequence[Call], at: datetime, spacing: Spacing) -> list[Reason]:
    """Return every reason (RECENT_ATTEMPT) why the order's person may not be called again at `at`, the longest first.

    `calls` holds the person's calls of at least `spacing.memory`, in any order.
    """
    found: list[tuple[datetime, str]] = []
    for cap in spacing.caps:
        counted = _within(calls, at, cap.within)
        if len(counted) >= cap.most:
            made = f"{len(counted)} of {cap.most} calls to the number within {_length(cap.within)} are made"
            found.append((counted[-cap.most] + cap.within, f"{made} ({cap.source})"))
    others = _within([call for call in calls if call.order != order], at, spacing.gap)
    if others:
        detail = f"another order called the number less than {_length(spacing.gap)} ago ({spacing.gap_source})"
        found.append((others[-1] + spacing.gap, detail))
    return [Reason(Code.RECENT_ATTEMPT, detail, until) for until, detail in sorted(found, reverse=True)]


def taken(calls: Iterable[Call], at: datetime, cap: Cap) -> int:
    """Return how many calls count against a cap at `at`."""
    return len(_within(calls, at, cap.within))


def _within(calls: Iterable[Call], at: datetime, length: timedelta) -> list[datetime]:
    """Return the instants of the calls that are less than so long ago, the oldest first.

    A call that seems to lie ahead of `at` was begun by a clock that is ahead, and counts.
    """
    return sorted(call.begun_at for call in calls if at - call.begun_at < length)


def _length(length: timedelta) -> str:
    for unit, name in _UNITS:
        if length >= unit and length % unit == timedelta(0):
            number = length // unit
            return f"{number} {name[:-1] if number == 1 else name}"
    return f"{length.total_seconds():g} s"
