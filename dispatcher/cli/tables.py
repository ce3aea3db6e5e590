"""A page for people: headings, facts, tables, and what to do next.

On a terminal a page is as wide as it is, and long words are folded; elsewhere lines are as long as they need to be.
Nothing is ever cut off. What comes from outside is shown as it is, without the power to steer the terminal.
"""

import sys
from collections.abc import Iterable, Mapping, Sequence
from itertools import takewhile
from types import NoneType

from rich import box
from rich.console import Console, JustifyMethod
from rich.table import Table
from rich.text import Text

_UNBOUNDED = 10_000
_WIDE = 140
"""So many columns and more have room for whole ids."""

_SHORTEST_ID = 8

_GAP, _NARROWEST = 3, 15
"""In columns: what stands between two columns of a table, and what a column of sentences needs."""

Cell = str | int | float | bool | None | Text


class Page:
    """One report on standard output."""

    def __init__(self) -> None:
        self._console = Console(width=None if sys.stdout.isatty() else _UNBOUNDED, highlight=False, emoji=False)

    @property
    def width(self) -> int:
        """How many columns there are."""
        return self._console.width

    @property
    def wide(self) -> bool:
        """Whether there is room for whole ids."""
        return self.width >= _WIDE

    @property
    def plain(self) -> bool:
        """Whether nothing but ASCII is sure to be shown as it is meant."""
        return not self._console.is_terminal or self._console.options.ascii_only

    def drawing(self, line: Text) -> None:
        """Write a line that was made to fit."""
        self._console.print(line, no_wrap=True, overflow="crop")

    def line(self, text: str = "", style: str = "") -> None:
        """Write a line of text."""
        self._console.print(Text(printable(text), style))

    def good(self, text: str) -> None:
        """Write what is as it should be."""
        self.line(text, "green")

    def bad(self, text: str) -> None:
        """Write what is not as it should be."""
        self.line(text, "bold red")

    def advice(self, text: str) -> None:
        """Write what to do next."""
        self.line(text, "dim")

    def facts(self, facts: Mapping[str, Cell]) -> None:
        """Write names and values, one pair a line, the values below each other."""
        table = Table.grid(padding=(0, 2))
        table.add_column(style="bold")
        table.add_column(overflow="fold")
        for name, value in facts.items():
            table.add_row(cell(name), cell(value))
        self._console.print(table)

    def table(self, columns: Sequence[str], rows: Iterable[Sequence[Cell]]) -> None:
        """Write a table; a column of nothing but numbers stands to the right.

        Where there is no room for all, sentences are folded before single words are: ids, numbers and codes.
        """
        listed = [list(row) for row in rows]
        cells = [[_foldable(cell(value)) for value in row] for row in listed]
        words = [_of_words([row[number] for row in cells]) for number in range(len(columns))]
        roomy = sum(_NARROWEST if width is None else width + _GAP for width in words) <= self.width
        table = Table(box=box.SIMPLE_HEAD, pad_edge=False, show_edge=False)
        for number, name in enumerate(columns):
            kinds = {type(row[number]) for row in listed} - {NoneType}
            justify: JustifyMethod = "right" if kinds and kinds <= {int, float} else "left"
            table.add_column(name, overflow="fold", no_wrap=roomy and words[number] is not None, justify=justify)
        for row in cells:
            table.add_row(*row)
        self._console.print(table)

    def ids(self, ids: Iterable[str]) -> dict[str, str]:
        """Return each id as it is shown: whole where there is room, else so much of it as tells it from the others."""
        known = sorted(set(ids))
        if self.wide:
            return {one: one for one in known}
        # In their order, the ids that share most with one stand beside it.
        around = zip(["", *known], known, [*known[1:], ""], strict=False)
        return {
            one: one[: max(_SHORTEST_ID, _shared(before, one) + 1, _shared(one, after) + 1)]
            for before, one, after in around
        }


def _of_words(column: Sequence[Text]) -> int | None:
    """Return how wide a column of single words is; None if there are sentences in it."""
    return None if any(" " in text.plain for text in column) else max((text.cell_len for text in column), default=0)


def _foldable(text: Text) -> Text:
    """Return a text that is folded rather than cut where there is no room, whatever its column says of that."""
    text.no_wrap = False
    return text


def _shared(one: str, other: str) -> int:
    return sum(1 for _ in takewhile(lambda pair: pair[0] == pair[1], zip(one, other, strict=False)))


def cell(value: Cell) -> Text:
    """Return a value as it stands in a table; nothing is a dash."""
    if isinstance(value, Text):
        return value
    if value is None or value == "":
        return Text("-", "dim")
    if isinstance(value, bool):
        return Text("yes", "green") if value else Text("no", "yellow")
    return Text(
        printable(value) if isinstance(value, str) else f"{value:g}" if isinstance(value, float) else str(value)
    )


def printable(text: str) -> str:
    """Return a text without the characters that a terminal would obey."""
    return "".join(letter if letter.isprintable() or letter == "\n" else "\N{REPLACEMENT CHARACTER}" for letter in text)
