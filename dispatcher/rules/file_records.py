"""Records out of a file that a person made: the rows of a table with a heading (CSV), or JSON objects, one a line.

Every record keeps its place and its text, so that a refused one can be told and written out as it came. A row may go
over several lines inside quotation marks; a mark that is never closed spoils its own line and not the rest.
"""

import csv
import json
from collections import deque
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from dispatcher.rules.fault import shown
from dispatcher.rules.number_file import SEPARATORS

_MOST_LINES = 200
"""No row goes over more lines; a quotation mark that is not closed by then was not meant as one."""


@dataclass(frozen=True, slots=True)
class Record:
    """What stands from line `place` (the first is 1) on: its text, and its fields by their names or what is wrong."""

    place: int
    text: str
    fields: Mapping[str, Any]
    fault: str | None = None


class Records:
    """The records of a file, one after the other.

    `heading` is the text of a table's first line and None for JSON; `names` are those of its columns. Blank lines are
    left out.
    """

    def __init__(self, text: Iterable[str]) -> None:
        self._lines = _Lines(text)
        self.heading: str | None = None
        self.names: list[str] = []
        self._separator = SEPARATORS[0]
        self._first: list[Record] = []
        while not self._first and self._lines.take():
            line = self._lines.text()
            if line.lstrip().startswith("{"):
                self._first = [_from_json(self._lines.place, line)]
            elif line.strip():
                self.heading = line
                self._separator = next((one for one in SEPARATORS if one in line), SEPARATORS[0])
                self.names = next(csv.reader([line], delimiter=self._separator))
                break

    def __iter__(self) -> Iterator[Record]:
        """Yield what follows; each record once."""
        yield from self._first
        while self._lines.take():
            if not self._lines.text().strip():
                continue
            record = self._row() if self.heading is not None else _from_json(self._lines.place, self._lines.text())
            if record is not None:
                yield record

    def _row(self) -> Record | None:
        """Read a row that begins with the line that was taken; None if all of it is blank."""
        place = self._lines.place
        try:
            cells = next(csv.reader(self._lines.with_following(), delimiter=self._separator, strict=True))
        except csv.Error:
            self._lines.give_back()
            return Record(place, self._lines.text(), {}, "its quotation marks do not fit together")
        text = self._lines.text()
        if not any(cell.strip() for cell in cells):
            return None
        if any(cell.strip() for cell in cells[len(self.names) :]):
            fault = f"it has {len(cells)} columns, and the heading {len(self.names)}: quote text that holds a separator"
            return Record(place, text, {}, fault)
        return Record(place, text, dict(zip(self.names, cells, strict=False)))


class _Lines:
    """The lines of a file, those of one record at a time; lines can be given back."""

    def __init__(self, text: Iterable[str]) -> None:
        self._rest = enumerate(text, start=1)
        self._back = deque[tuple[int, str]]()
        self._taken: list[tuple[int, str]] = []

    def take(self) -> bool:
        """Take the next line for a new record; False at the end of the file."""
        self._taken = []
        return self._more()

    def _more(self) -> bool:
        found = self._back.popleft() if self._back else next(self._rest, None)
        if found is None:
            return False
        place, line = found
        self._taken.append((place, line.removeprefix("\ufeff") if place == 1 else line))
        return True

    @property
    def place(self) -> int:
        """Where the record begins."""
        return self._taken[0][0]

    def text(self) -> str:
        """Return the record's lines as they came."""
        return "".join(line for _, line in self._taken)

    def with_following(self) -> Iterator[str]:
        """Yield the line that was taken, and take as many after it as are asked for."""
        yield self._taken[0][1]
        while len(self._taken) < _MOST_LINES and self._more():
            yield self._taken[-1][1]

    def give_back(self) -> None:
        """Keep only the first line that was taken."""
        self._back.extendleft(reversed(self._taken[1:]))
        del self._taken[1:]


def _from_json(place: int, text: str) -> Record:
    try:
        found = json.loads(text)
    except (ValueError, RecursionError):
        return Record(place, text, {}, "it is not JSON")
    if not isinstance(found, dict):
        return Record(place, text, {}, f"it is {shown(found)}, not an object")
    return Record(place, text, found)
