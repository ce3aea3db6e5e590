"""How many calls a phone may release now: so many a second, so many a day, so many that wait for a dialer.

Instants are seconds on a monotonic clock unless they are datetimes, and passed in.

What is guaranteed: over any time of t seconds a phone releases no more than `burst` + rate * t calls, and no more are
begun than that and the `deepest` number of calls that may have waited. If they have waited for a second or longer, the
dispatcher has noticed it, and no more are begun than `burst` + rate * t: dialers that come back after a while do not
begin what has waited and as much again. Both numbers are one for rates below ten a second.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from hashlib import blake2b
from math import sqrt

DAY = timedelta(hours=24)
"""The day of a phone's daily limit, which rolls on: no midnight, on whatever clock, lets a phone start all over."""

LINGERING = timedelta(seconds=1)
"""A call that waits for longer has no dialer, and its token is not spent until it has one."""

_LATE_S = 0.1
"""A release that comes late by up to this is made up for, so that the rate is reached and not only kept below."""

_LEAST_SHARE = 0.01
"""A rate of nothing at all would never release a call; the first turns of an opening have this part of it."""


@dataclass(frozen=True, slots=True)
class Pace:
    """A token bucket: `rate` calls a second; `full_at` is when it will be full again (monotonic seconds).

    It holds one call, and a tenth of a second's worth for releases that come late.
    """

    rate: float
    full_at: float = float("-inf")

    @property
    def burst(self) -> float:
        """How many calls a full bucket holds; below ten a second, that is one and a part of the next."""
        return 1 + self.rate * _LATE_S

    def tokens(self, now: float) -> int:
        """Return how many calls may be released at `now`."""
        missing = max(0.0, self.full_at - now) * self.rate
        # Rounding must not turn a token that is due at this very instant into one that is not.
        return max(0, int(self.burst - missing + 1e-6))

    def spend(self, calls: int, now: float) -> "Pace":
        """Return the bucket after so many calls were released at `now`."""
        return Pace(self.rate, max(self.full_at, now) + calls / self.rate)

    def reserve(self, calls: int, now: float) -> "Pace":
        """Return the bucket without so many of the calls that it holds at most: they are begun at `now` or later."""
        return Pace(self.rate, max(self.full_at, now + calls / self.rate)) if calls else self

    def next_token_at(self, now: float) -> float:
        """Return when the next call may be released: `now` if one may already."""
        return now if self.tokens(now) > 0 else self.full_at - (self.burst - 1) / self.rate

    def at(self, rate: float, now: float) -> "Pace":
        """Return the bucket with another rate from `now` on, holding what it holds, as far as it goes in."""
        if rate == self.rate:
            return self
        missing = max(0.0, self.full_at - now) * self.rate
        missing_then = max(0.0, missing + (rate - self.rate) * _LATE_S)
        return Pace(rate, now + missing_then / rate)


@dataclass(frozen=True, slots=True)
class Ramp:
    """How a phone's rate grows after an opening: evenly over `length` seconds, from nothing to the whole.

    `head_start` in [0, 1) is the part of a first call that the phone is given: phones that are given different ones do
    not place their first calls at the same moment.
    """

    length: float
    head_start: float

    @classmethod
    def of(cls, phone: str, length: float) -> "Ramp":
        """Return the ramp of a phone, which has the same head start every day."""
        return cls(length, int.from_bytes(blake2b(phone.encode(), digest_size=4).digest()) / 2**32)

    def rate(self, whole: float, open_for: float) -> float:
        """Return the rate so many seconds after the opening, of a phone whose limit is `whole`."""
        return whole if open_for >= self.length else whole * max(open_for / self.length, _LEAST_SHARE)

    def first_call_after(self, whole: float) -> float:
        """Return the seconds after the opening by which the rate, with the head start, adds up to a call."""
        return min(self.length, sqrt(2 * self.length * (1 - self.head_start) / whole))


def deepest(rate: float) -> int:
    """Return how many calls of one phone may wait unclaimed: as many as a full bucket holds.

    They are begun all at once when a dialer appears.
    """
    return int(Pace(rate).burst)


def left_of_day(begun: Sequence[datetime], waiting: int, most: int) -> tuple[int, datetime | None]:
    """Return how many more calls a phone may release, and if that is none, when it may release one again (UTC).

    `begun` has the instants, in order, at which its calls of the last day were begun; `waiting` more may still be. The
    instant is None if it is not to be told: calls that wait may be taken back at any time.
    """
    over = len(begun) + waiting - most
    if over < 0:
        return -over, None
    return 0, begun[over] + DAY if over < len(begun) else None
