"""How many calls may be released now: slots, calls a second, and turns between campaigns that share a phone.

Instants here are seconds on a monotonic clock, passed in.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from hashlib import blake2b
from math import sqrt

_LATE_S = 0.1
"""A release that comes late by up to this is made up for, so that the rate is reached and not only kept below."""

_LEAST_SHARE = 0.01
"""A rate of nothing at all would never release a call; the first turns of an opening have this part of it."""

_DEPTH_S = 1.0
"""Calls that wait unclaimed are begun all at once when a dialer appears: no more wait than one second's worth."""


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
    """Return how many calls of one phone may wait unclaimed."""
    return max(1, int(rate * _DEPTH_S))


def turns(waiting: Sequence[str], slots: int, last: str | None) -> dict[str, int]:
    """Share slots out among the campaigns that wait on one phone, one each in turn, going on after `last`.

    Returns the number of slots for each campaign that gets any, the one that had the very last turn at the end.
    """
    if not waiting or slots <= 0:
        return {}
    ordered = sorted(waiting)
    start = next((place for place, name in enumerate(ordered) if last is not None and name > last), 0)
    ring = ordered[start:] + ordered[:start]
    each, more = divmod(slots, len(ring))
    last_round, earlier = ring[:more], ring[more:] if each else []
    return dict.fromkeys(earlier, each) | dict.fromkeys(last_round, each + 1)
