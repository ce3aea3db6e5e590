"""Orders out of a file: one person to call a line, with a number, and whatever else is known.

A line is refused with its reason, never with what it holds: it may be somebody's data.
"""

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

from dispatcher.rules.countries import is_country
from dispatcher.rules.file_records import Record, Records
from dispatcher.rules.number_file import NUMBER_COLUMNS, HeadingError
from dispatcher.rules.numbers import NumberFault, normalise

_LONGEST_ID = 200


def _plain(name: str) -> str:
    return "".join(letter for letter in name.casefold() if letter.isalnum())


_NAMES: Mapping[str, tuple[str, ...]] = {
    "number": tuple(dict.fromkeys(map(_plain, NUMBER_COLUMNS))),
    "name": ("name", "recordname"),
    "country": ("country",),
    "instructions": ("instructions",),
    "time": ("scheduledtime",),
    "id": ("id", "uuid"),
}
"""For each field what it may be called, the first that holds anything; case, blanks, dashes and `_` do not matter."""

_KNOWN = frozenset(name for names in _NAMES.values() for name in names)


@dataclass(frozen=True, slots=True)
class Wanted:
    """An order that a line asks for: `number` is E.164, `scheduled_at` UTC, `id` the file's own name for it."""

    number: str
    name: str | None = None
    country: str | None = None
    instructions: str | None = None
    scheduled_at: datetime | None = None
    id: str | None = None


@dataclass(frozen=True, slots=True)
class Line:
    """What stands from a line on (the first is 1), as it came: the order that it asks for, or why it is refused."""

    place: int
    text: str
    wanted: Wanted | None
    refused: str | None = None


class _Refusal(Exception):  # noqa: N818 (nobody outside sees it)
    pass


@dataclass(slots=True)
class OrderFile:
    """A CSV file with a heading, or JSON objects, one a line.

    HeadingError if nothing in it can be a number. A number or an id that an earlier line has too is refused.
    """

    text: Iterable[str]
    heading: str | None = field(init=False)
    ignored: dict[str, None] = field(init=False, default_factory=dict)  # columns that mean nothing here, in order
    _records: Records = field(init=False)
    _places: dict[str, int] = field(init=False, default_factory=dict)

    def __post_init__(self) -> None:
        """Read the heading."""
        self._records = Records(self.text)
        self.heading, names = self._records.heading, self._records.names
        if self.heading is not None and not any(_plain(name) in _NAMES["number"] for name in names):
            raise HeadingError("the first line names no column of numbers: call one phoneNumber")

    def __iter__(self) -> Iterator[Line]:
        """Yield each line once."""
        for record in self._records:
            try:
                yield Line(record.place, record.text, self._wanted(record))
            except _Refusal as refusal:
                yield Line(record.place, record.text, None, str(refusal))

    def _wanted(self, record: Record) -> Wanted:
        if record.fault is not None:
            raise _Refusal(record.fault)
        fields = {_plain(name): value for name, value in record.fields.items()}
        self.ignored |= {name: None for name in record.fields if _plain(name) not in _KNOWN}
        try:
            number = normalise(_value(fields, "number"))
        except NumberFault as fault:
            raise _Refusal(fault.detail) from fault
        wanted = Wanted(
            number=number,
            name=_text(fields, "name"),
            country=_country(fields),
            instructions=_text(fields, "instructions"),
            scheduled_at=_time(fields),
            id=_id(fields),
        )
        marks = {number: "number"} | ({f"id {wanted.id}": "id"} if wanted.id is not None else {})
        for mark, kind in marks.items():
            if mark in self._places:
                raise _Refusal(f"its {kind} stands in line {self._places[mark]} too")
        self._places |= dict.fromkeys(marks, record.place)
        return wanted


def _value(fields: Mapping[str, Any], name: str) -> Any:
    """Return what a field holds; None if it is not there or blank."""
    for spelled in _NAMES[name]:
        value = fields.get(spelled)
        value = value.strip() if isinstance(value, str) else value
        if value is not None and value != "":
            return value
    return None


def _text(fields: Mapping[str, Any], name: str) -> str | None:
    value = _value(fields, name)
    if value is None:
        return None
    if not isinstance(value, str):
        raise _Refusal(f"{name} is not text")
    # What is no character at all is what is left of bytes in another encoding.
    if any(letter == "\0" or "\ud800" <= letter <= "\udfff" for letter in value):
        raise _Refusal(f"{name} is not text in UTF-8")
    return value


def _country(fields: Mapping[str, Any]) -> str | None:
    code = _text(fields, "country")
    if code is not None and not is_country(code.upper()):
        raise _Refusal("country is no code of two letters, such as US")
    return code and code.upper()


def _time(fields: Mapping[str, Any]) -> datetime | None:
    told = _text(fields, "time")
    try:
        read = None if told is None else datetime.fromisoformat(told)
        return read and (read.replace(tzinfo=UTC) if read.tzinfo is None else read.astimezone(UTC))
    except (ValueError, OverflowError) as fault:
        raise _Refusal("scheduledTime is no time in ISO 8601, such as 2026-11-02T09:00Z") from fault


def _id(fields: Mapping[str, Any]) -> str | None:
    value = _value(fields, "id")
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    found = _text(fields, "id")
    if found is not None and (len(found) > _LONGEST_ID or not found.isprintable()):
        raise _Refusal(f"id is longer than {_LONGEST_ID} characters, or not printable")
    return found
