"""Dead letters in the mirror: orders that a failure has closed, and reports that could not be applied.

The letter of an order is there for as long as its order is closed by that failure: `orders.reopen` and `orders.remove`
take it away, whoever asks for them.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, delete, func, select

from dispatcher.mirror import orders
from dispatcher.mirror.rows import chunks, insert
from dispatcher.mirror.tables import dead_letters
from dispatcher.model.dead_letter import Reason
from dispatcher.model.order import DIALABLE

_LARGEST_ID = 2**31 - 1
"""No letter has a larger one, and SQLite takes none of more than 64 bits."""

MOST_REPORTS = 1000
"""So many reports that belong to no order are kept: a broken worker may send any number of them."""


@dataclass(frozen=True, slots=True)
class Letter:
    """One dead letter. `at` is UTC; without `order` it is a report. `words` is what the worker reported."""

    id: int
    reason: Reason
    at: datetime
    phone: str
    job: str | None
    order: str | None
    campaign: str | None
    detail: str | None
    words: Mapping[str, str]


def keep(
    connection: Connection,
    source: str,
    reason: Reason,
    *,
    phone: str,
    words: Mapping[str, str],
    at: datetime,
    job: str | None = None,
    order: str | None = None,
    campaign: str | None = None,
    detail: str | None = None,
) -> bool:
    """Keep a letter; False if that of this source is kept already, or if there are too many reports."""
    if order is None and _reports(connection) >= MOST_REPORTS:
        return False
    values: dict[str, Any] = {
        "source": source,
        "reason": reason.value,
        "at": at,
        "phone": phone,
        "job": job,
        "order": order,
        "campaign": campaign,
        "detail": detail,
        "words": dict(words),
    }
    statement = insert(connection, dead_letters).values(**values).on_conflict_do_nothing().returning(dead_letters.c.id)
    return connection.execute(statement).first() is not None


def listed(
    connection: Connection,
    *,
    ids: Collection[int] | None = None,
    campaign: str | None = None,
    reason: Reason | None = None,
    limit: int | None = None,
) -> list[Letter]:
    """Return letters, the newest first: of these ids (None: of any), of one campaign, for one reason."""
    matching = [
        *([dead_letters.c.campaign == campaign] if campaign is not None else []),
        *([dead_letters.c.reason == reason.value] if reason is not None else []),
    ]
    statement = select(dead_letters).where(*matching).order_by(dead_letters.c.id.desc()).limit(limit)
    if ids is None:
        return [_letter(row) for row in connection.execute(statement)]
    found = [
        _letter(row)
        for some in chunks(sorted(id_ for id_ in set(ids) if 0 < id_ <= _LARGEST_ID))
        for row in connection.execute(statement.where(dead_letters.c.id.in_(some)))
    ]
    return sorted(found, key=lambda letter: -letter.id)[:limit]


def of_order(connection: Connection, order: str) -> Letter | None:
    """Return the letter of an order."""
    row = connection.execute(select(dead_letters).where(dead_letters.c.order == order)).first()
    return None if row is None else _letter(row)


def counts(connection: Connection) -> dict[Reason, int]:
    """Return how many letters there are for each reason."""
    found = dict.fromkeys(Reason, 0)
    for reason, number in connection.execute(
        select(dead_letters.c.reason, func.count()).group_by(dead_letters.c.reason)
    ):
        found[Reason(reason)] = number
    return found


def retry(connection: Connection, letters: Sequence[Letter]) -> dict[int, str]:
    """Open the orders of letters again, with all their attempts before them, and take those letters away.

    Returns by its id, for each letter that is left where it is, why. The do-not-call list is never passed over, and
    neither is the platform's own status of an order.
    """
    known = orders.known(connection, [letter.order for letter in letters if letter.order is not None])
    refused: dict[int, str] = {}
    for letter in letters:
        record = known.get(letter.order or "")
        if record is None:
            refused[letter.id] = "it is a report, and no order that could be called again: drop it"
        elif record.forbidden:
            refused[letter.id] = "the number is on the do-not-call list"
        elif record.order.status not in DIALABLE:
            status = record.order.status.value
            refused[letter.id] = f"the platform has it as {status}: set it back to planned there, which opens it here"
    orders.reopen(connection, [one.order for one in letters if one.order is not None and one.id not in refused])
    return refused


def drop(connection: Connection, ids: Collection[int]) -> int:
    """Take letters away, and return how many; their orders stay closed."""
    return sum(
        connection.execute(delete(dead_letters).where(dead_letters.c.id.in_(some))).rowcount for some in chunks(ids)
    )


def _reports(connection: Connection) -> int:
    is_report: ColumnElement[bool] = dead_letters.c.order.is_(None)
    number: int = connection.execute(select(func.count()).where(is_report)).scalar_one()
    return number


def _letter(row: Any) -> Letter:
    return Letter(
        id=row.id,
        reason=Reason(row.reason),
        at=row.at,
        phone=row.phone,
        job=row.job,
        order=row.order,
        campaign=row.campaign,
        detail=row.detail,
        words=row.words,
    )
