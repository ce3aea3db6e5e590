"""Which server process serves which slots, so that a loss or a failover is noticed for the phones that it concerns."""

from dataclasses import dataclass
from itertools import groupby

from dispatcher.hopper.layout import SLOTS, slot


@dataclass(frozen=True, slots=True)
class Census:
    """Ranges of slots (first, last) with who serves them; None in place of a server that does not answer.

    As text, for the mirror to remember, it is the one server if there is only one, else `first-last=server` by ranges.
    """

    ranges: tuple[tuple[int, int, str | None], ...]

    @classmethod
    def of(cls, servers: list[str | None]) -> "Census":
        """Return the census in which each slot is served by the server in its place."""
        ranges, first = [], 0
        for server, run in groupby(servers):
            last = first + len(list(run)) - 1
            ranges.append((first, last, server))
            first = last + 1
        return cls(tuple(ranges))

    @classmethod
    def read(cls, text: str) -> "Census":
        """Return what was remembered as text."""
        if "=" not in text:
            return cls(((0, SLOTS - 1, text),))
        servers: list[str | None] = [None] * SLOTS
        for one in text.split(" "):
            slots, _, server = one.partition("=")
            first, _, last = slots.partition("-")
            servers[int(first) : int(last) + 1] = [server] * (int(last) - int(first) + 1)
        return cls.of(servers)

    def __str__(self) -> str:
        known = [(first, last, server) for first, last, server in self.ranges if server is not None]
        if [(first, last) for first, last, _ in known] == [(0, SLOTS - 1)]:
            return known[0][2]
        return " ".join(f"{first}-{last}={server}" for first, last, server in known)

    def server(self, key: str) -> str | None:
        """Return who serves a key; None if that does not answer."""
        if len(self.ranges) == 1:
            return self.ranges[0][2]
        at = slot(key)
        return next((server for first, last, server in self.ranges if first <= at <= last), None)

    def silent(self) -> list[tuple[int, int]]:
        """Return the ranges of slots whose servers do not answer."""
        return [(first, last) for first, last, server in self.ranges if server is None]

    def remembering(self, before: "Census") -> "Census":
        """Return this census with those who do not answer as they were known before."""
        if not self.silent():
            return self
        return Census.of([now or then for now, then in zip(self.slots(), before.slots(), strict=True)])

    def slots(self) -> list[str | None]:
        """Return who serves each slot."""
        servers: list[str | None] = [None] * SLOTS
        for first, last, server in self.ranges:
            servers[first : last + 1] = [server] * (last - first + 1)
        return servers
