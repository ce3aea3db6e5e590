"""Turns between campaigns that share a phone: deficit round robin, each campaign by its weight.

A campaign that is visited may place as many calls as it weighs. What it could not place for want of slots it places
first when there are slots again; what it could not place because its own ceiling is full it may place at its next
visit, up to one visit's worth. One that has no order due loses what it had left, and the others go on at once.

So between two calls of a campaign that waits, every other campaign places no more calls than twice its weight (its
weight alone, if no ceiling held it up), and over any time the calls of campaigns that never ran dry are as their
weights are, to within one visit.
"""

from bisect import bisect_left, bisect_right
from collections.abc import Mapping
from dataclasses import dataclass, field

EVEN = 1
"""The weight of a campaign that nobody gave one."""


@dataclass(frozen=True, slots=True)
class Turns:
    """How far the turns on one phone have gone: who is or was visited last, and how many calls each has left.

    `visiting` says that the visit of `last` was cut short by a lack of slots.
    """

    last: str | None = None
    visiting: bool = False
    left: Mapping[str, int] = field(default_factory=dict)

    def share(self, rooms: Mapping[str, int], weights: Mapping[str, int], slots: int) -> tuple[dict[str, int], "Turns"]:
        """Share slots out among the campaigns that wait; return how many each gets that gets any, and the turns then.

        `rooms` has for each campaign that has work how many more calls its ceiling allows.
        """
        ring = sorted(rooms)
        left = {name: calls for name, calls in self.left.items() if name in rooms}
        given: dict[str, int] = {}
        free = min(slots, sum(room for room in rooms.values() if room > 0))
        last, visiting = self.last, self.visiting and self.last in left
        while free > 0:
            name = _next(ring, last, again=visiting)
            weight = weights.get(name, EVEN)
            if not (visiting and name == last):
                left[name] = min(left.get(name, 0), weight) + weight
            calls = max(0, min(left[name], rooms[name] - given.get(name, 0), free))
            if calls:
                given[name] = given.get(name, 0) + calls
            left[name] -= calls
            free -= calls
            last = name
            visiting = free == 0 and left[name] > 0 and rooms[name] > given.get(name, 0)
        return given, Turns(last, visiting, {name: calls for name, calls in left.items() if calls})


def _next(ring: list[str], last: str | None, *, again: bool) -> str:
    """Return who is visited after `last`, or `last` itself if it is visited still and has work."""
    if last is None:
        return ring[0]
    return ring[(bisect_left if again else bisect_right)(ring, last) % len(ring)]


def share_of(campaign: str, sharing: Mapping[str, int]) -> float:
    """Return the part of a phone's calls that a campaign gets while all of them wait; `sharing` has their weights."""
    return sharing[campaign] / sum(sharing.values())
