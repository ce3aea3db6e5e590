"""What waits in each campaign, counted."""

from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, and_, case, func, select

from dispatcher.mirror.orders import is_waiting
from dispatcher.mirror.tables import do_not_call, orders


@dataclass(frozen=True, slots=True)
class Backlog:
    """A campaign's orders that wait: how many, how many of them are due, and when the next one will be (UTC)."""

    waiting: int = 0
    due: int = 0
    next_due: datetime | None = None


def backlog(connection: Connection, at: datetime, campaign: str | None = None) -> dict[str, Backlog]:
    """Return what waits at `at` in each campaign with orders that wait, or in one; forbidden numbers are never due.

    Two statements, however many campaigns there are: what waits is counted in its index, and the few numbers that
    must not be called are looked up in the orders, not every order in them.
    """
    mine = is_waiting if campaign is None else and_(is_waiting, orders.c.campaign == campaign)
    forbidden: dict[str, int] = {
        row.campaign: row.number
        for row in connection.execute(
            select(orders.c.campaign, func.count().label("number"))
            .select_from(do_not_call.join(orders, do_not_call.c.number == orders.c.e164))
            .where(mine, orders.c.due_at <= at)
            .group_by(orders.c.campaign)
        )
    }
    counted = (
        select(
            orders.c.campaign,
            func.count().label("waiting"),
            func.count(case((orders.c.due_at <= at, 1))).label("due"),
            func.min(case((orders.c.due_at > at, orders.c.due_at))).label("next_due"),
        )
        .where(mine)
        .group_by(orders.c.campaign)
    )
    return {
        row.campaign: Backlog(row.waiting, row.due - forbidden.get(row.campaign, 0), row.next_due)
        for row in connection.execute(counted)
    }
