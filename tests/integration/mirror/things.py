"""Orders and attempts for the mirror."""

from datetime import UTC, datetime, timedelta
from typing import Any

from sqlalchemy import Connection, update

from dispatcher.mirror import attempts, orders, tables
from dispatcher.mirror.attempts import Intent
from dispatcher.mirror.tables import EPOCH
from dispatcher.model.attempt import State

NOON = datetime(2026, 1, 12, 12, 0, tzinfo=UTC)
HOUR = timedelta(hours=1)


def number(index: int) -> str:
    return f"+1212555{index:04d}"


def put_order(connection: Connection, /, uuid: str, index: int = 1, **changes: Any) -> None:
    order = {
        "uuid": uuid,
        "campaign": "campaign_1",
        "status": "planned",
        "number": number(index),
        "e164": number(index),
        "country": None,
        "scheduled_at": None,
        "instructions": None,
        "record": None,
        "record_name": None,
        "fault": None,
        "document": {"uuid": uuid},
        "digest": "d",
        "dialable": True,
        "rank": 2,
        "due_at": EPOCH,
        "held_until": None,
        "held_code": None,
    }
    orders.put_orders(connection, [order | changes], NOON)


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
