"""What the platform is to be told of orders after calls, for as long as it has not been told.

One word per order, the last: the platform need not hear what has been overtaken. It is written in the transaction of
the outcome and taken away when the platform has taken it, so that it is told at least once, whatever dies between; and
by `orders.reopen` and `orders.remove`.
"""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import ColumnElement, Connection, and_, delete, func, select, update

from dispatcher.mirror.rows import chunks, put
from dispatcher.mirror.tables import order_reports, orders
from dispatcher.model.outcome import Outcome
from dispatcher.rules.reporting import status_word


@dataclass(frozen=True, slots=True)
class Owed:
    """A word that the platform is owed since an instant (UTC), and how often it was tried in vain."""

    order: str
    campaign: str
    status: str
    since: datetime
    tries: int


def owe(connection: Connection, outcomes: Mapping[str, Outcome], at: datetime) -> None:
    """Note what calls have ended with, by their orders; of an order that a file brought the platform knows nothing."""
    rows = []
    for some in chunks(outcomes):
        theirs = and_(orders.c.uuid.in_(some), orders.c.imported_at.is_(None))
        for row in connection.execute(select(orders.c.uuid, orders.c.campaign, orders.c.closed_as).where(theirs)):
            word = status_word(outcomes[row.uuid], closed=row.closed_as is not None)
            if word is not None:
                rows.append({"order": row.uuid, "campaign": row.campaign, "status": word, "since": at, "next_at": at})
    fresh = {"tries": 0, "fault": None, "given_up_at": None}
    put(connection, order_reports, [row | fresh for row in rows])


def due(connection: Connection, at: datetime, limit: int) -> list[Owed]:
    """Return what may be told at `at`, what has waited longest first."""
    it_is = and_(order_reports.c.given_up_at.is_(None), order_reports.c.next_at <= at)
    rows = connection.execute(select(order_reports).where(it_is).order_by(order_reports.c.next_at).limit(limit))
    return [Owed(row.order, row.campaign, row.status, row.since, row.tries) for row in rows]


def count(connection: Connection) -> int:
    """Return how many words the platform is owed."""
    owed = select(func.count()).where(order_reports.c.given_up_at.is_(None))
    number: int = connection.execute(owed).scalar_one()
    return number


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


def _still(owed: Owed) -> ColumnElement[bool]:
    same = (order_reports.c.status == owed.status, order_reports.c.since == owed.since)
    return and_(order_reports.c.order == owed.order, *same)
