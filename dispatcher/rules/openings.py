"""Which of many campaigns are open, and when the next one opens or closes: an index over all of them.

A turn costs what changes in it, and no more: campaigns of one week in one zone open and close together, and the next
change of each such group lies in a heap. The heap holds whole numbers, the second of a change above the number of its
group, because a tuple of two would take three times the room.
"""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from datetime import datetime, timedelta
from heapq import heapify, heappop, heapreplace
from zoneinfo import ZoneInfo

from dispatcher.rules.offsets import EPOCH, second_of
from dispatcher.rules.schedule import Week
from dispatcher.rules.windows import is_open_second, next_change_second

_NUMBER_BITS = 32
_NUMBER = (1 << _NUMBER_BITS) - 1


@dataclass(frozen=True, slots=True)
class _Group:
    """Campaigns that open and close together."""

    week: Week
    zone: ZoneInfo
    names: tuple[str, ...]


class Openings:
    """The campaigns that are open, by name, as of the last instant that it was told.

    Whatever way time goes, nothing that lies between two instants is replayed.
    """

    def __init__(self) -> None:
        self.open: set[str] = set()
        self._groups: list[_Group] = []
        self._changes: list[int] = []
        self._judged = 0

    def replace(self, campaigns: Iterable[tuple[str, Week, ZoneInfo]], at: datetime) -> None:
        """Take names with their weeks and zones in place of all old ones, and judge them as of `at`."""
        found: dict[tuple[Week, ZoneInfo], list[str]] = {}
        for name, week, zone in campaigns:
            found.setdefault((week, zone), []).append(name)
        self._groups = [_Group(week, zone, tuple(names)) for (week, zone), names in found.items()]
        self._judge(at)

    def advance(self, at: datetime) -> list[str]:
        """Note what has opened or closed up to `at`, and return those campaigns.

        After a step back of the clock everything is judged anew.
        """
        second = second_of(at)
        if second < self._judged:
            before = self.open
            self._judge(at)
            return sorted(before ^ self.open)
        self._judged = second
        changed: list[str] = []
        while self._changes and self._changes[0] >> _NUMBER_BITS <= second:
            number = self._changes[0] & _NUMBER
            group = self._groups[number]
            if is_open_second(group.week, group.zone, second) != (group.names[0] in self.open):
                self.open.symmetric_difference_update(group.names)
                changed += group.names
            change = next_change_second(group.week, group.zone, second)
            if change is None:
                heappop(self._changes)
            else:
                heapreplace(self._changes, change << _NUMBER_BITS | number)
        return changed

    def next_change(self) -> datetime | None:
        """Return when the next campaign opens or closes, in UTC; None if none does in the calendar of datetime."""
        if not self._changes:
            return None
        try:
            return EPOCH + timedelta(seconds=self._changes[0] >> _NUMBER_BITS)
        except OverflowError:
            return None

    def open_by(self, until: datetime) -> set[str]:
        """Return the campaigns that are open, or open next no later than `until`."""
        found = set(self.open)
        for number in self._changing_by(second_of(until)):
            found.update(self._groups[number].names)
        return found

    def _judge(self, at: datetime) -> None:
        self._judged = second_of(at)
        self.open = set()
        self._changes = []
        for number, group in enumerate(self._groups):
            if is_open_second(group.week, group.zone, self._judged):
                self.open.update(group.names)
            change = next_change_second(group.week, group.zone, self._judged)
            if change is not None:
                self._changes.append(change << _NUMBER_BITS | number)
        heapify(self._changes)

    def _changing_by(self, second: int) -> Iterator[int]:
        """Yield the groups that change up to a second; what lies below a later change in the heap is later still."""
        places = [0]
        while places:
            place = places.pop()
            if place < len(self._changes) and self._changes[place] >> _NUMBER_BITS <= second:
                yield self._changes[place] & _NUMBER
                places += (2 * place + 1, 2 * place + 2)
