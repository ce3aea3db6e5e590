"""What keeps the whole daemon from queueing, whatever the campaign."""

from collections.abc import Mapping
from datetime import datetime, timedelta

from dispatcher.model.reasons import Code, Reason
from dispatcher.rules.offsets import EPOCH

SKEW_NOTED = timedelta(seconds=5)
"""A clock that differs by more is worth a warning."""

SKEW_STOPS = timedelta(seconds=30)
"""A clock that differs by more stops queueing: nobody knows which of the two is right."""


def stale(synced_at: datetime | None, at: datetime, most: timedelta) -> Reason | None:
    """Return the reason that the mirror is too old to be believed, or None."""
    if synced_at is None:
        return Reason(Code.MIRROR_STALE, "the platform's campaigns have never been read to the end")
    age = at - synced_at
    if -SKEW_STOPS <= age <= most:
        return None
    return Reason(
        Code.MIRROR_STALE,
        f"the platform's campaigns were last read {_ago(age)};"
        f" nothing is queued after sync.max_staleness ({most.total_seconds():.0f} s)",
    )


def orders_stale(synced_at: datetime | None, at: datetime, most: timedelta) -> Reason | None:
    """Return the reason that what is known of a campaign's orders is too old to be believed, or None.

    `synced_at` is when some of them were last read; of a list that takes longer than `most` to read, only those that
    were read since are dialled (see `seen_since`).
    """
    if synced_at is None:
        return Reason(Code.MIRROR_STALE, "the campaign's orders have not been read yet")
    age = at - synced_at
    if -SKEW_STOPS <= age <= most:
        return None
    return Reason(Code.MIRROR_STALE, f"the campaign's orders were last read {_ago(age)}")


def seen_since(synced_at: datetime | None, at: datetime, most: timedelta) -> datetime:
    """Return since when an order must have been listed to be dialled at `at`; any time if all were read recently."""
    whole = synced_at is not None and -SKEW_STOPS <= at - synced_at <= most
    return EPOCH if whole else at - most


def _ago(age: timedelta) -> str:
    """Say how old a reading is; one from the future, before the clock was set back, might be of any age."""
    seconds = age.total_seconds()
    return f"{seconds:.0f} s ago" if seconds >= 0 else f"at a time that is {-seconds:.0f} s ahead of this host's clock"


def skewed(skews: Mapping[str, timedelta]) -> Reason | None:
    """Return the reason that the clocks (by whose clock it is, minus the host's) do not agree, or None."""
    off = {whose: skew for whose, skew in skews.items() if abs(skew) > SKEW_STOPS}
    if not off:
        return None
    named = ", ".join(f"{whose} by {skew.total_seconds():+.0f} s" for whose, skew in sorted(off.items()))
    return Reason(Code.CLOCK_SKEW, f"clocks differ from this host's: {named}; nothing is queued until they agree")
