"""Attempts of which nobody knows whether they were begun: who looks at them, and how their doubt is ended.

A worker's late report ends one like any other outcome; here are the other two ways. A person releases an order, who
answers for it that nobody was called, or closes it; the platform, which saw the call, says how it ended. Who did it,
when and why stays with the attempt.
"""

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Connection, select

from dispatcher.mirror import attempts as moves
from dispatcher.mirror import do_not_call, orders
from dispatcher.mirror.attempts import Attempt, attempt_of
from dispatcher.mirror.states import is_holding
from dispatcher.mirror.tables import attempts
from dispatcher.mirror.tables import orders as orders_table
from dispatcher.model.attempt import LOST, State
from dispatcher.model.order import OrderStatus
from dispatcher.model.outcome import Outcome


@dataclass(frozen=True, slots=True)
class Word:
    """Somebody's word on what became of a call: who gives it, why, and when (UTC)."""

    by: str
    why: str
    at: datetime


def uncertain(
    connection: Connection,
    *,
    phone: str | None = None,
    campaign: str | None = None,
    before: datetime | None = None,
) -> list[Attempt]:
    """Return the uncertain attempts, oldest first: of a phone, of a campaign, in doubt since before an instant."""
    statement = select(attempts).where(is_holding(attempts), attempts.c.state == State.UNCERTAIN.value)
    if phone is not None:
        statement = statement.where(attempts.c.phone == phone)
    if campaign is not None:
        statement = statement.where(attempts.c.campaign == campaign)
    if before is not None:
        statement = statement.where(attempts.c.ended_at < before)
    return sorted((attempt_of(row) for row in connection.execute(statement)), key=lambda one: one.created_at)


def held(connection: Connection) -> tuple[int, int]:
    """Return how many attempts are uncertain, and how many of them because Redis had forgotten its queue."""
    reasons = [one.why for one in uncertain(connection)]
    return len(reasons), reasons.count(LOST)


def told(connection: Connection) -> list[tuple[Attempt, OrderStatus]]:
    """Return the uncertain attempts whose orders the platform knows, each with the order's status there."""
    statement = (
        select(attempts, orders_table.c.status.label("order_status"))
        .join(orders_table, orders_table.c.uuid == attempts.c.order)
        .where(is_holding(attempts), attempts.c.state == State.UNCERTAIN.value, orders.is_the_platforms)
    )
    return [(attempt_of(row), OrderStatus(row.order_status)) for row in connection.execute(statement)]


def release(connection: Connection, attempt: Attempt, word: Word) -> bool:
    """Let an order be dialled again, by a new job; False if its attempt is not uncertain any more."""
    moved = moves.move(connection, attempt.job, State.RELEASED, **_settled(word))
    if moved:
        orders.free(connection, attempt.order, attempt.job)
    return moved


def close(connection: Connection, attempt: Attempt, outcome: Outcome, word: Word) -> bool:
    """End an order with an outcome, whatever may follow it otherwise; False if its attempt is not uncertain any more.

    A person who asked not to be called is not called by any campaign from then on.
    """
    moved = moves.move(
        connection,
        attempt.job,
        State.FINISHED,
        frozenset({State.UNCERTAIN}),
        outcome=outcome.value,
        outcome_word=outcome.value,
        ended_at=word.at,
        **_settled(word),
    )
    if moved:
        orders.spend(connection, attempt.order, attempt.job, closed_as=outcome.value, retry_at=None, at=word.at)
        if outcome is Outcome.DO_NOT_CALL:
            do_not_call.add(connection, {attempt.number: f"asked for it in call {attempt.job}"}, word.by, word.at)
    return moved


def _settled(word: Word) -> dict[str, Any]:
    return {"settled_at": word.at, "settled_by": word.by, "settled_why": word.why}
