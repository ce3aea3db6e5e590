"""Numbers out of a file that a person made: one a line, or a table with a column of numbers.

Each line is read by itself, so that a quotation mark that is never closed spoils one line and not the rest. A refused
line is told by its place, never by what it holds: it may be somebody's data.
"""

import csv
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from dispatcher.rules.fault import shown
from dispatcher.rules.numbers import NumberFault, normalise

NUMBER_COLUMNS = ("number", "phone", "phone_number", "phonenumber", "telephone", "mobile", "e164", "msisdn", "to")
"""Headings of the column with the numbers, the first of these that is there; case, blanks and dashes do not matter."""

REASON_COLUMN = "reason"

SEPARATORS = (",", ";", "\t")


class HeadingError(ValueError):
    """The column that was asked for is not in the file."""


@dataclass(frozen=True, slots=True)
class Line:
    """What one line (the first is 1) says: a number in E.164, perhaps with a reason, or why it is refused."""

    place: int
    number: str | None
    reason: str | None = None
    refused: str | None = None


@dataclass(frozen=True, slots=True)
class _Form:
    separator: str
    number: int
    reason: int | None
    headed: bool


def read(text: Iterable[str], column: str | None = None) -> Iterator[Line]:
    """Yield what each line says; blank ones and those that start with `#` are left out.

    The first line is a heading if it names a column of numbers, or if a `column` is asked for. Without one the numbers
    stand first, and the first line is read like the others: nobody's number may be taken for a heading. The separator,
    if there is one, is the comma, semicolon or tab of the first line.
    HeadingError if there is no such column.
    """
    form: _Form | None = None
    for place, line in enumerate(text, start=1):
        stripped = line.removeprefix("\ufeff").strip("\r\n")
        if not stripped.strip() or stripped.lstrip().startswith("#"):
            continue
        if form is None:
            form = _form(stripped, column)
            if form.headed:
                continue
        yield _line(place, stripped, form)


def _form(line: str, column: str | None) -> _Form:
    separator = next((one for one in SEPARATORS if one in line), SEPARATORS[0])
    names = [_plain(cell) for cell in _cells(line, separator)]
    wanted = NUMBER_COLUMNS if column is None else (_plain(column),)
    number = next((names.index(name) for name in wanted if name in names), None)
    if number is None and column is not None:
        raise HeadingError(f"there is no column {shown(column)}: the first line has {', '.join(map(shown, names))}")
    if number is None:
        return _Form(separator, 0, None, headed=False)
    return _Form(separator, number, names.index(REASON_COLUMN) if REASON_COLUMN in names else None, headed=True)


def _line(place: int, line: str, form: _Form) -> Line:
    cells = _cells(line, form.separator)
    if len(cells) <= form.number:
        return Line(place, None, refused="the line has too few columns")
    reason = cells[form.reason].strip() if form.reason is not None and form.reason < len(cells) else ""
    try:
        return Line(place, normalise(cells[form.number].strip()), reason or None)
    except NumberFault as fault:
        return Line(place, None, refused=fault.detail)


def _cells(line: str, separator: str) -> list[str]:
    try:
        return next(csv.reader([line], delimiter=separator), [])
    except csv.Error:
        return []


def _plain(name: str) -> str:
    return "_".join(name.strip().lower().replace("-", " ").replace("_", " ").split())
