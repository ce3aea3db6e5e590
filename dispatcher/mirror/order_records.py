"""An order's row, with what stands beside it: the attempt that holds it, and the do-not-call list."""

from typing import Any

from sqlalchemy import ColumnElement, Row, and_, exists, select

from dispatcher.mirror.states import is_live
from dispatcher.mirror.tables import attempts, do_not_call, orders
from dispatcher.model.attempt import State
from dispatcher.model.order import Order, OrderRecord, OrderStatus


def number_is_live() -> ColumnElement[bool]:
    """Tell whether the number of an order is in a live attempt, of whatever campaign."""
    other = attempts.alias()
    return exists().where(other.c.number == orders.c.e164, is_live(other)).correlate(orders)


def number_is_forbidden() -> ColumnElement[bool]:
    """Tell whether the number of an order is on the do-not-call list."""
    return exists().where(do_not_call.c.number == orders.c.e164).correlate(orders)


def records() -> Any:
    """Return the statement of orders with what `record_of` wants of each."""
    held = and_(attempts.c.job == orders.c.live_job)
    return select(
        # The document is kept, not read: to decode it takes as long as all the rest.
        *(column for column in orders.columns if column is not orders.c.document),
        attempts.c.state.label("live_state"),
        number_is_forbidden().label("forbidden"),
    ).select_from(orders.outerjoin(attempts, held))


def record_of(row: Row[Any]) -> OrderRecord:
    """Return an order of a row of `records`."""
    return OrderRecord(
        order=Order(
            uuid=row.uuid,
            campaign=row.campaign,
            status=OrderStatus(row.status),
            number=row.number,
            scheduled_at=row.scheduled_at,
            instructions=row.instructions,
            record=row.record,
            record_name=row.record_name,
            country=row.country,
            fault=row.fault,
        ),
        digest=row.digest,
        e164=row.e164,
        attempts=row.attempts,
        retry_at=row.retry_at,
        held_until=row.held_until,
        held_code=row.held_code,
        closed_as=row.closed_as,
        closed_at=row.closed_at,
        live_state=State(row.live_state) if row.live_state else None,
        forbidden=bool(row.forbidden),
        removed=row.removed_at is not None,
        unlisted_at=row.unlisted_at,
        imported=row.imported_at is not None,
    )
