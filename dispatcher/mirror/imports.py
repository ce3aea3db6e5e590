"""Orders that a file brings, beside those of the platform."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import Any
from uuid import UUID, uuid5

from sqlalchemy import Connection, select

from dispatcher.mirror import campaigns
from dispatcher.mirror.rows import chunks, insert
from dispatcher.mirror.tables import EPOCH, orders
from dispatcher.model.order import Order, OrderStatus
from dispatcher.rules.order_file import Line, Wanted
from dispatcher.rules.orders import judge

_NAMESPACE = UUID("5d1b8a52-6f0e-4c5a-9a43-0d6a52c8d0a1")

_CHANGED = "it was imported before and said something else: an import adds orders and changes none"


@dataclass(slots=True)
class Brought:
    """What became of lines: how many were added, or were there already, and which are refused, each with its reason."""

    added: int = 0
    already: int = 0
    refused: list[tuple[Line, str]] = field(default_factory=list)


def order_uuid(campaign: str, wanted: Wanted) -> str:
    """Return the uuid of an order out of a file: the same for the same id, or number where it has none."""
    own = f"number {wanted.number}" if wanted.id is None else f"id {wanted.id}"
    return f"import_{uuid5(_NAMESPACE, f'{campaign} {own}')}"


def bring(connection: Connection, campaign: str, lines: Sequence[Line], at: datetime, *, dry_run: bool) -> Brought:
    """Add the orders that lines ask for, unless it is a dry run; a person the campaign has already is not added."""
    brought = Brought(refused=[(line, line.refused) for line in lines if line.refused is not None])
    wanted = [(line, line.wanted) for line in lines if line.wanted is not None]
    uuids = {one.id for _, one in wanted if one.id is not None} | {order_uuid(campaign, one) for _, one in wanted}
    digests = _digests(connection, campaign, uuids)
    holders = _holders(connection, campaign, {one.number for _, one in wanted})
    new = []
    for line, one in wanted:
        uuid, digest = order_uuid(campaign, one), _digest(one)
        if digests.get(uuid) == digest or one.id in digests:
            brought.already += 1
        elif uuid in digests:
            brought.refused.append((line, _CHANGED))
        elif one.number in holders:
            brought.refused.append((line, f"the campaign has an order for this number: {holders[one.number]}"))
        else:
            new.append(_row(campaign, uuid, digest, one, at))
    brought.added = len(new)
    if new and not dry_run:
        connection.execute(insert(connection, orders).on_conflict_do_nothing(), new)
        campaigns.orders_imported(connection, campaign, at)
    return brought


# Which campaign a row is of is asked here and not in SQL: SQLite, which knows not how many orders a campaign has, would
# rather read all of them than look up each.


def _digests(connection: Connection, campaign: str, uuids: Iterable[str]) -> dict[str, str]:
    found: dict[str, str] = {}
    for some in chunks(uuids):
        rows = connection.execute(
            select(orders.c.uuid, orders.c.digest, orders.c.campaign).where(orders.c.uuid.in_(some))
        )
        found |= {row.uuid: row.digest for row in rows if row.campaign == campaign}
    return found


def _holders(connection: Connection, campaign: str, numbers: Iterable[str]) -> dict[str, str]:
    """Return which order of the campaign has each number."""
    found: dict[str, str] = {}
    columns = select(orders.c.e164, orders.c.uuid, orders.c.campaign)
    for some in chunks(numbers):
        rows = connection.execute(columns.where(orders.c.e164.in_(some), orders.c.removed_at.is_(None)))
        found |= {row.e164: row.uuid for row in rows if row.campaign == campaign}
    return found


def _digest(wanted: Wanted) -> str:
    return blake2b(repr(wanted).encode(), digest_size=16).hexdigest()


def _row(campaign: str, uuid: str, digest: str, wanted: Wanted, at: datetime) -> dict[str, Any]:
    order = Order(
        uuid=uuid,
        campaign=campaign,
        # Somebody who gave a time for a call gave an appointment.
        status=OrderStatus.PLANNED if wanted.scheduled_at is None else OrderStatus.SCHEDULED,
        number=wanted.number,
        scheduled_at=wanted.scheduled_at,
        instructions=wanted.instructions,
        record=None,
        record_name=wanted.name,
        country=wanted.country,
    )
    judged = judge(order, None)
    return {
        "uuid": uuid,
        "campaign": campaign,
        "status": order.status.value,
        "number": order.number,
        "e164": judged.e164,
        "country": order.country,
        "scheduled_at": order.scheduled_at,
        "instructions": order.instructions,
        "record_name": order.record_name,
        "document": {"id": wanted.id},
        "digest": digest,
        "mirrored_at": at,
        "imported_at": at,
        "dialable": judged.dialable,
        "rank": judged.rank,
        "due_at": order.scheduled_at or EPOCH,
    }
