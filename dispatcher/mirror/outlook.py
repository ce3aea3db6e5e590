"""What a forecast of one campaign is made of: how its orders stand, when they are due, and how calls went lately."""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import ColumnElement, Connection, and_, exists, func, select

from dispatcher.mirror.orders import is_waiting
from dispatcher.mirror.tables import attempts, campaigns, do_not_call, orders
from dispatcher.model.attempt import State
from dispatcher.model.campaign import CampaignStatus
from dispatcher.model.order import OrderStatus
from dispatcher.model.reasons import Code
from dispatcher.rules.forecast import Standing, Waiting

_CALLS = 500
"""So many calls tell how they go."""

_LATER = 5000
"""So many instants at which orders come due are told apart; the orders after those come due with the last of them."""


@dataclass(frozen=True, slots=True)
class Call:
    """A call that has ended: its outcome, and for how long it took up a slot."""

    outcome: str
    took: timedelta


def standings(connection: Connection, campaign: str) -> list[Standing]:
    """Return how the orders of a campaign stand, those that stand alike together."""
    kinds = (
        orders.c.status,
        orders.c.attempts,
        orders.c.e164.is_not(None).label("has_number"),
        orders.c.dialable,
        _is_forbidden().label("forbidden"),
        orders.c.closed_as,
        attempts.c.state.label("live_state"),
        orders.c.held_code,
    )
    grouped = (
        select(*kinds)
        .select_from(orders.outerjoin(attempts, attempts.c.job == orders.c.live_job))
        .where(orders.c.campaign == campaign, orders.c.removed_at.is_(None))
        .subquery()
    )
    statement = select(grouped, func.count().label("number")).group_by(*grouped.c)
    return [
        Standing(
            orders=row.number,
            status=OrderStatus(row.status),
            attempts=row.attempts,
            has_number=bool(row.has_number),
            dialable=bool(row.dialable),
            forbidden=bool(row.forbidden),
            closed_as=row.closed_as,
            live_state=State(row.live_state) if row.live_state else None,
            held_code=row.held_code,
        )
        for row in connection.execute(statement)
    ]


def waiting(connection: Connection, campaign: str, at: datetime, most_attempts: int) -> list[Waiting]:
    """Return the orders of a campaign that will be called, by when they are due and how often they were tried."""
    mine = and_(
        is_waiting,
        orders.c.campaign == campaign,
        orders.c.attempts < most_attempts,
        orders.c.held_code.is_distinct_from(Code.RECIPIENT_ZONE_UNKNOWN.value),
        ~_is_forbidden(),
    )
    due = select(orders.c.attempts, func.count()).where(mine, orders.c.due_at <= at).group_by(orders.c.attempts)
    found = [Waiting(number, tried, at) for tried, number in connection.execute(due)]
    later = (
        select(orders.c.due_at, orders.c.attempts, func.count())
        .where(mine, orders.c.due_at > at)
        .group_by(orders.c.due_at, orders.c.attempts)
        .order_by(orders.c.due_at)
        .limit(_LATER)
    )
    coming = [Waiting(number, tried, due_at) for due_at, tried, number in connection.execute(later)]
    if len(coming) == _LATER:
        last = coming[-1].due_at
        rest = select(orders.c.attempts, func.count()).where(mine, orders.c.due_at > last).group_by(orders.c.attempts)
        coming += (Waiting(number, tried, last) for tried, number in connection.execute(rest))
    return found + coming


def calls(connection: Connection, campaign: str | None) -> Sequence[Call]:
    """Return the newest calls of one campaign, or of all, that have ended."""
    statement = (
        select(attempts.c.outcome, attempts.c.created_at, attempts.c.ended_at)
        .where(attempts.c.state == State.FINISHED.value, attempts.c.outcome.is_not(None))
        .order_by(attempts.c.created_at.desc())
        .limit(_CALLS)
    )
    if campaign is not None:
        statement = statement.where(attempts.c.campaign == campaign)
    return [Call(row.outcome, row.ended_at - row.created_at) for row in connection.execute(statement)]


def campaigns_on(connection: Connection, phone: str) -> int:
    """Return how many active campaigns of a phone have orders that wait."""
    has_orders = exists().where(is_waiting, orders.c.campaign == campaigns.c.uuid)
    return connection.execute(
        select(func.count())
        .select_from(campaigns)
        .where(
            campaigns.c.phone == phone,
            campaigns.c.status == CampaignStatus.ACTIVE.value,
            campaigns.c.removed_at.is_(None),
            has_orders,
        )
    ).scalar_one()


def _is_forbidden() -> ColumnElement[bool]:
    return exists().where(do_not_call.c.number == orders.c.e164).correlate(orders)
