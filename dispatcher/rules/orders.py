"""What a change of an order on the platform does to what we know of it."""

from typing import NamedTuple

from dispatcher.model.order import DIALABLE, Order, OrderRecord, OrderStatus
from dispatcher.rules.fault import Fault
from dispatcher.rules.numbers import normalise

CALLBACK, RETRY, NEW = 0, 1, 2
"""Ranks: due callbacks are dialled before retries, and those before new orders."""

_PLANNED = frozenset({OrderStatus.PLANNED, OrderStatus.SCHEDULED})
"""The dialable statuses that a user gives; the others are what the platform saw of a call."""

# Not sets: to hash a word of an enumeration takes longer than to look through these.
_DIALABLE = tuple(sorted(DIALABLE, reverse=True))
_OF_OTHERS = (OrderStatus.BUSY, OrderStatus.NO_ANSWER)
"""Somebody has called already, and met nobody."""

_OF_CALLS = DIALABLE | {OrderStatus.CALLING, OrderStatus.UNKNOWN}
"""From these an order may come to be planned without a user's act."""


class Judged(NamedTuple):
    """An order as it goes into the mirror: its number if it is one, what is wrong with it, and its place."""

    e164: str | None
    fault: str | None
    dialable: bool
    rank: int
    reopened: bool


def judge(order: Order, before: OrderRecord | None) -> Judged:
    """Return how an order that is new or has changed stands.

    An order that was finished here is opened again only by a user's act on the platform: it was set back to planned or
    scheduled from a status in which the platform left it, or scheduled for another time after it was finished. That a
    call which was under way has met nobody is no such act: the platform says so of our own calls. Nor is it one that
    an unknown word is gone: it may have meant a call.
    """
    fault = order.fault
    e164: str | None = None
    try:
        e164 = normalise(order.number)
    except Fault as found:
        fault = fault or found.detail
    status = order.status
    dialable = (
        status in _DIALABLE
        and e164 is not None
        and order.fault is None
        and not (status is OrderStatus.SCHEDULED and order.scheduled_at is None)
    )
    reopened = before is not None and before.closed_as is not None and _reopens(order, before)
    if status is OrderStatus.SCHEDULED:
        rank = CALLBACK
    elif status in _OF_OTHERS or (before is not None and before.attempts and not reopened):
        rank = RETRY
    else:
        rank = NEW
    return Judged(e164, fault, dialable, rank, reopened)


def _reopens(order: Order, before: OrderRecord) -> bool:
    if order.status not in DIALABLE:
        return False
    if order.status in _PLANNED and (before.order.status not in _OF_CALLS or _was_elsewhere(before)):
        return True
    return (
        order.scheduled_at is not None
        and order.scheduled_at != before.order.scheduled_at
        and before.closed_at is not None
        and order.scheduled_at > before.closed_at
    )


def _was_elsewhere(before: OrderRecord) -> bool:
    # One that was lost by a list of all orders, too, is none that the platform has left anywhere.
    if before.removed or before.unlisted_at is None or before.closed_at is None:
        return False
    return before.closed_at <= before.unlisted_at
