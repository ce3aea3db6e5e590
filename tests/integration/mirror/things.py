"""Orders and attempts for the mirror."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from dispatcher.mirror import attempts, orders, tables
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.orders import Entry
from dispatcher.model.attempt import State
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderStatus
from dispatcher.rules.orders import NEW, Judged

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def number(index: int) -> str:
    return f"+1212555{index:04d}"


def entry(uuid: str, number: str | None, campaign: str, *, digest: str = "d", **changes: Any) -> Entry:
    """Return an order that may be called; `changes` name fields of it, or of how it is judged."""
    facts: dict[str, Any] = {
        "status": OrderStatus.PLANNED,
        "scheduled_at": None,
        "instructions": None,
        "record": None,
        "record_name": None,
        "fault": None,
        "e164": number,
        "dialable": True,
        "rank": NEW,
    } | changes
    judged = Judged(facts.pop("e164"), facts["fault"], facts.pop("dialable"), facts.pop("rank"), reopened=False)
    return Found(Order(uuid, campaign, number=number, **facts), digest, b"{}"), judged


def put_order(connection: Connection, /, uuid: str, index: int = 1, campaign: str = "campaign_1", **more: Any) -> None:
    orders.put_orders(connection, [entry(uuid, more.pop("number", number(index)), campaign, **more)], NOON)


def intent(job: str, order: str = "order_1", index: int = 1, **changes: Any) -> Intent:
    values: dict[str, Any] = {
        "job": job,
        "order": order,
        "campaign": "campaign_1",
        "phone": "phone_1",
        "number": number(index),
        "ordinal": 1,
        "basis": "b",
        "not_after": NOON + HOUR,
        "decision": {"timezone": "UTC"},
    }
    return Intent(**(values | changes))


def attempt_in(
    connection: Connection, state: State, job: str = "job_1", order: str = "order_1", index: int = 1
) -> None:
    """Make an attempt and put it into a state, by whatever way."""
    put_order(connection, order, index)
    assert attempts.intend(connection, [intent(job, order, index)], NOON) == {job}
    connection.execute(update(tables.attempts).where(tables.attempts.c.job == job).values(state=state.value))
