"""The numbers that no campaign may call, and every change of that list. A sync never touches either.

Numbers are E.164, as `rules.numbers.normalise` writes them: that is how orders and attempts hold them.
"""

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Literal

from sqlalchemy import Connection, func, select

from dispatcher.mirror.rows import chunks, insert
from dispatcher.mirror.tables import do_not_call, do_not_call_changes

Change = Literal["added", "removed"]


@dataclass(frozen=True, slots=True)
class Entry:
    """A number on the list: why, since when (UTC), and who put it there."""

    number: str
    reason: str
    added_at: datetime
    added_by: str


@dataclass(frozen=True, slots=True)
class Record:
    """A change of the list: what was done with a number, why, when (UTC), and by whom."""

    number: str
    change: Change
    reason: str
    changed_at: datetime
    changed_by: str


def add(connection: Connection, reasons: Mapping[str, str], by: str, at: datetime) -> set[str]:
    """Put numbers on the list, each with its reason; return those that were not there (the first reason stays)."""
    added: set[str] = set()
    for some in chunks(reasons):
        statement = (
            insert(connection, do_not_call)
            .values(
                [{"number": one, "reason": reasons[one], "added_at": at, "added_by": by} for one in some],
            )
            .on_conflict_do_nothing()
            .returning(do_not_call.c.number)  # the row count of an INSERT is not told on PostgreSQL
        )
        new = set(connection.execute(statement).scalars())
        _record(connection, {one: reasons[one] for one in some if one in new}, "added", by, at)
        added |= new
    return added


def remove(connection: Connection, number: str, reason: str, by: str, at: datetime) -> bool:
    """Take a number off the list; False if it was not on it."""
    if connection.execute(do_not_call.delete().where(do_not_call.c.number == number)).rowcount == 0:
        return False
    _record(connection, {number: reason}, "removed", by, at)
    return True


def listed(connection: Connection, limit: int, number: str | None = None) -> list[Entry]:
    """Return the list, or the one number of it, the newest first."""
    statement = select(do_not_call).order_by(do_not_call.c.added_at.desc(), do_not_call.c.number).limit(limit)
    if number is not None:
        statement = statement.where(do_not_call.c.number == number)
    return [Entry(row.number, row.reason, row.added_at, row.added_by) for row in connection.execute(statement)]


def count(connection: Connection) -> int:
    """Return how many numbers are on the list."""
    number: int = connection.execute(select(func.count()).select_from(do_not_call)).scalar_one()
    return number


def known(connection: Connection, numbers: list[str]) -> set[str]:
    """Return which of these numbers are on the list."""
    found: set[str] = set()
    for some in chunks(numbers):
        found |= set(connection.execute(select(do_not_call.c.number).where(do_not_call.c.number.in_(some))).scalars())
    return found


def changes(connection: Connection, number: str) -> list[Record]:
    """Return every change that the list has seen for a number, the oldest first."""
    statement = (
        select(do_not_call_changes).where(do_not_call_changes.c.number == number).order_by(do_not_call_changes.c.id)
    )
    return [
        Record(row.number, row.change, row.reason, row.changed_at, row.changed_by)
        for row in connection.execute(statement)
    ]


def _record(connection: Connection, reasons: Mapping[str, str], change: Change, by: str, at: datetime) -> None:
    if reasons:
        connection.execute(
            do_not_call_changes.insert(),
            [
                {"number": number, "change": change, "reason": reason, "changed_at": at, "changed_by": by}
                for number, reason in reasons.items()
            ],
        )
