"""What the platform is to be told of orders after calls, for as long as it has not been told.

One word per order, the last: the platform need not hear what has been overtaken. It is written in the transaction of
the outcome and taken away when the platform has taken it, so that it is told at least once, whatever dies between; and
by `orders.reopen` and `orders.remove`.
"""

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import order_reports, orders
from dispatcher.mirror.upsert import put
from dispatcher.model.outcome import Outcome
from dispatcher.rules.reporting import status_word


@dataclass(frozen=True, slots=True)
class Owed:
    """A word that the platform is owed since an instant (UTC), and how often it was tried in vain.

    It is not told before `next_at`, and never if `given_up_at` is set; `fault` is why the last try failed.
    """

    order: str
    campaign: str
    status: str
    since: datetime
    tries: int
    next_at: datetime
    fault: str | None
    given_up_at: datetime | None


def owe(connection: Connection, outcomes: Mapping[str, Outcome], at: datetime) -> None:
    """Note what calls have ended with, by their orders; of an order that a file brought the platform knows nothing."""
    owed: dict[str, tuple[str, str]] = {}
    for some in chunks(outcomes):
        theirs = and_(orders.c.uuid.in_(some), orders.c.imported_at.is_(None))
        for row in connection.execute(select(orders.c.uuid, orders.c.campaign, orders.c.closed_as).where(theirs)):
            word = status_word(outcomes[row.uuid], closed=row.closed_as is not None)
            if word is not None:
                owed[row.uuid] = (row.campaign, word)
    columns = {
        "order": list(owed),
        "campaign": [campaign for campaign, _ in owed.values()],
        "status": [word for _, word in owed.values()],
    }
    fresh = {"since": at, "next_at": at, "tries": 0, "fault": None, "given_up_at": None}
    put(connection, order_reports, columns, fresh)


def due(connection: Connection, at: datetime, limit: int) -> list[Owed]:
    """Return what may be told at `at`, what has waited longest first."""
    it_is = and_(order_reports.c.given_up_at.is_(None), order_reports.c.next_at <= at)
    rows = connection.execute(select(order_reports).where(it_is).order_by(order_reports.c.next_at).limit(limit))
    return [_owed(row) for row in rows]


def listed(
    connection: Connection, *, campaign: str | None = None, given_up: bool | None = None, limit: int | None = None
) -> list[Owed]:
    """Return what the platform has not been told, the latest first: of a campaign, given up or not."""
    statement = select(order_reports).order_by(order_reports.c.since.desc(), order_reports.c.order).limit(limit)
    if campaign is not None:
        statement = statement.where(order_reports.c.campaign == campaign)
    if given_up is not None:
        statement = statement.where(_is_given_up if given_up else ~_is_given_up)
    return [_owed(row) for row in connection.execute(statement)]


def counts(connection: Connection) -> tuple[int, int]:
    """Return how many words the platform is still to be told, and how many were given up."""
    statement = select(func.count(), func.count(order_reports.c.given_up_at))
    total, given_up = connection.execute(statement).one()
    return total - given_up, given_up


def retry(connection: Connection, owed: Collection[str], at: datetime) -> set[str]:
    """Let what was given up of these orders be told from `at` on, with all tries before it; return which it was."""
    anew = {"given_up_at": None, "tries": 0, "next_at": at}
    found: set[str] = set()
    for some in chunks(owed):
        theirs = and_(order_reports.c.order.in_(some), _is_given_up)
        found.update(connection.execute(select(order_reports.c.order).where(theirs)).scalars())
        connection.execute(update(order_reports).where(theirs).values(anew))
    return found


def told(connection: Connection, owed: Sequence[Owed]) -> None:
    """Take away what the platform has taken, unless another word has taken its place since."""
    for one in owed:
        connection.execute(delete(order_reports).where(_still(one)))


def failed(connection: Connection, owed: Owed, fault: str, again_at: datetime | None, at: datetime) -> None:
    """Note that a try has failed and why, and when to try again; None gives it up, and keeps it for whoever asks."""
    values = {"tries": owed.tries + 1, "fault": fault, "next_at": again_at or at}
    given_up = {"given_up_at": None if again_at else at}
    connection.execute(update(order_reports).where(_still(owed)).values(**values, **given_up))


def drop_given_up(connection: Connection, before: datetime) -> None:
    """Forget what was given up before an instant."""
    connection.execute(delete(order_reports).where(order_reports.c.given_up_at < before))


_is_given_up = order_reports.c.given_up_at.is_not(None)


def _owed(row: Any) -> Owed:
    return Owed(
        order=row.order,
        campaign=row.campaign,
        status=row.status,
        since=row.since,
        tries=row.tries,
        next_at=row.next_at,
        fault=row.fault,
        given_up_at=row.given_up_at,
    )


def _still(owed: Owed) -> ColumnElement[bool]:
    same = (order_reports.c.status == owed.status, order_reports.c.since == owed.since)
    return and_(order_reports.c.order == owed.order, *same)
