"""A campaign order: one person to call for one campaign.

The platform's own pages disagree on the words for an order's status, so both vocabularies are understood here, in any
spelling. A word that is not listed is UNKNOWN, and what is unknown is not dialled.
"""

from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import NamedTuple

from dispatcher.model.attempt import State


class OrderStatus(StrEnum):
    """An order's status on the platform, in one vocabulary."""

    REGISTERED = "registered"
    PLANNED = "planned"
    SCHEDULED = "scheduled"
    CALLING = "calling"
    BUSY = "busy"
    NO_ANSWER = "no-answer"
    CONTACTED = "contacted"
    FAILED = "failed"
    CANCELED = "canceled"
    DO_NOT_CALL = "do-not-call"
    UNKNOWN = "unknown"


_SPELLINGS = {status.value: status for status in OrderStatus} | {
    "completed": OrderStatus.CONTACTED,
    "cancelled": OrderStatus.CANCELED,
    "dnc": OrderStatus.DO_NOT_CALL,
    "noanswer": OrderStatus.NO_ANSWER,
    "donotcall": OrderStatus.DO_NOT_CALL,
}

DIALABLE = frozenset({OrderStatus.PLANNED, OrderStatus.SCHEDULED, OrderStatus.BUSY, OrderStatus.NO_ANSWER})
"""Statuses that allow a call. `failed` is left out: the platform does not say that it is to be tried again."""


def order_status(word: object) -> OrderStatus:
    """Return the status that the platform's word stands for; UNKNOWN for anything else, strings or not."""
    if not isinstance(word, str):
        return OrderStatus.UNKNOWN
    if word in _SPELLINGS:
        return _SPELLINGS[word]
    spelled = "-".join(word.strip().lower().replace("_", " ").replace("-", " ").split())
    return _SPELLINGS.get(spelled, OrderStatus.UNKNOWN)


class Order(NamedTuple):
    """What dialling needs to know of one order. There may be a million: no class is made faster that cannot be changed.

    `number` is the record's number as the platform gives it, not checked. `scheduled_at` is UTC. `fault` says why a
    malformed document blocks the order; it is not dialled then.
    """

    uuid: str
    campaign: str
    status: OrderStatus
    number: str | None
    scheduled_at: datetime | None
    instructions: str | None
    record: str | None
    record_name: str | None
    country: str | None = None
    fault: str | None = None


@dataclass(frozen=True, slots=True)
class OrderRecord:
    """An order together with what we know of it beside the platform.

    `e164` is None where the number is none. `attempts` counts calls that were begun. `retry_at` and `held_until` (UTC)
    put it off. `closed_as` is the outcome that finished it here, or `exhausted`. `live_state` is the state of the
    attempt that holds it. `forbidden` says that its number is on the do-not-call list. `unlisted_at` (UTC) is when the
    reading began by which the platform's lists of orders that are or may be called have come to lack it. `imported`
    says that a file brought it, and that the platform knows nothing of it.
    """

    order: Order
    digest: str
    e164: str | None
    attempts: int = 0
    retry_at: datetime | None = None
    held_until: datetime | None = None
    held_code: str | None = None
    closed_as: str | None = None
    closed_at: datetime | None = None
    live_state: State | None = None
    forbidden: bool = False
    removed: bool = False
    unlisted_at: datetime | None = None
    imported: bool = False

    @property
    def listed(self) -> bool:
        """Tell whether the platform's lists have it, as far as they were read."""
        return self.unlisted_at is None
