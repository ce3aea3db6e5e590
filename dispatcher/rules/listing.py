"""When a listing of the platform is whole, and whether to believe what it lacks."""

from array import array
from collections.abc import Sequence

ASKED_AT_MOST = 100
"""So many missing things are asked for by name in one pass, whatever share of all that is."""

_MOST_SHARE = 0.3
_ALWAYS_ALLOWED = 10


_SHELVES = 256


class Reading:
    """One reading of a list, page by page, and whether its pages make a whole.

    They do if every page tells the same total, that many things have been read, and none of them twice. A list that is
    paged by number shifts when something is added or removed while it is read: a page then repeats a thing, or skips
    one.
    """

    def __init__(self) -> None:
        self.listed: set[str] = set()
        self.drifted = False
        self._things = 0
        self._total: int | None = None

    def take(self, things: int, total: int, names: Sequence[str]) -> None:
        """Note a page: how many things stand on it, the total that it tells, and the names of those that have one."""
        before = len(self.listed)
        self.listed.update(names)
        self._things += things
        self.drifted = (
            self.drifted
            or len(self.listed) != before + len(names)
            or (self._total is not None and self._total != total)
        )
        self._total = total

    @property
    def whole(self) -> bool:
        """Tell whether the pages that were noted are all there are."""
        return not self.drifted and self._things == self._total


class LongReading:
    """One reading of a list that is too long to keep its names: a name takes eight bytes, its hash.

    That a thing was listed twice shows only at the end. Two names with one hash would look like that, too, and then the
    list, which does not count as whole, says nothing of what it lacks: once in many millions of such lists.
    """

    def __init__(self) -> None:
        self._drifted = False
        self._things = 0
        self._total: int | None = None
        self._shelves = [array("q") for _ in range(_SHELVES)]

    def take(self, things: int, total: int, names: Sequence[str]) -> None:
        """Note a page: how many things stand on it, the total that it tells, and the names of those that have one."""
        shelves = self._shelves
        for known in map(hash, names):
            shelves[known % _SHELVES].append(known)
        self._things += things
        self._drifted = self._drifted or (self._total is not None and self._total != total)
        self._total = total

    @property
    def whole(self) -> bool:
        """Tell whether the pages that were noted are all there are."""
        adds_up = not self._drifted and self._things == self._total
        # Shelf by shelf: a set of all would take forty times as much as the shelves do.
        return adds_up and all(len(set(shelf)) == len(shelf) for shelf in self._shelves)


def removal_refused(kind: str, missing: int, mirrored: int, listed: int) -> str | None:
    """Return why so many removals are not believed, as a sentence; None if they are.

    An account that has lost more than 10 of its things, and those are more than 30 % or all that it had, is more likely
    to be a fault of the platform than somebody's wish. Fewer are asked for by name and then believed.
    """
    if missing <= _ALWAYS_ALLOWED:
        return None
    if not listed:
        return (
            f"the platform lists no {kind} at all, while the mirror has {mirrored}; nothing was removed, and none is"
            " dialled: if they are gone indeed, run `dispatcher sync --accept-removals`"
        )
    if missing > mirrored * _MOST_SHARE:
        return (
            f"{missing} of {mirrored} {kind} are missing from the platform's list; nothing was removed, and they are"
            " not dialled: if they are gone indeed, run `dispatcher sync --accept-removals`"
        )
    return None
