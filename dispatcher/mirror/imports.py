"""Orders that a file brings, beside those of the platform."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from hashlib import blake2b
from typing import NamedTuple
from uuid import UUID, uuid5

import msgspec
from sqlalchemy import Connection, select

from dispatcher.mirror import campaigns
from dispatcher.mirror import orders as kept
from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import orders
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderRecord, OrderStatus
from dispatcher.rules.order_file import Line, Wanted
from dispatcher.rules.orders import judge

_NAMESPACE = UUID("5d1b8a52-6f0e-4c5a-9a43-0d6a52c8d0a1")

_CHANGED = "it was imported before and said something else: --update lets it say this"


@dataclass(slots=True)
class Brought:
    """What became of lines: how many were added, changed or there already, and which are refused, and why."""

    added: int = 0
    updated: int = 0
    already: int = 0
    refused: list[tuple[Line, str]] = field(default_factory=list)


def order_uuid(campaign: str, wanted: Wanted) -> str:
    """Return the uuid of an order out of a file: the same for the same id, or number where it has none."""
    own = f"number {wanted.number}" if wanted.id is None else f"id {wanted.id}"
    return f"import_{uuid5(_NAMESPACE, f'{campaign} {own}')}"


def bring(
    connection: Connection,
    campaign: str,
    lines: Sequence[Line],
    at: datetime,
    *,
    update: bool = False,
    dry_run: bool = False,
) -> Brought:
    """Add the orders that lines ask for, unless it is a dry run; a person the campaign has already is not added.

    An order that was brought before and says something else now is refused, or with `update` changed: what has become
    of it stays, and one that was finished is called again only if it was given another time since. One that was
    removed comes back like that.
    """
    brought = Brought(refused=[(line, line.refused) for line in lines if line.refused is not None])
    wanted = [(line, line.wanted, order_uuid(campaign, line.wanted)) for line in lines if line.wanted is not None]
    names = {one.id for _, one, _ in wanted if one.id is not None} | {uuid for _, _, uuid in wanted}
    there = _there(connection, campaign, names)
    holders = _holders(connection, campaign, {one.number for _, one, _ in wanted})
    new, differing = [], dict[str, tuple[str, Wanted]]()
    for line, one, uuid in wanted:
        digest, before, holder = _digest(one), there.get(uuid), holders.get(one.number)
        if (before is not None and not before.removed and before.digest == digest) or one.id in there:
            brought.already += 1
        elif before is not None and not before.removed and not update:
            brought.refused.append((line, _CHANGED))
        elif holder is not None and holder != uuid:
            brought.refused.append((line, f"the campaign has an order for this number: {holder}"))
        elif before is None:
            brought.added += 1
            new.append(_entry(campaign, uuid, one, digest, None))
        else:
            brought.added += before.removed
            brought.updated += not before.removed
            differing[uuid] = (digest, one)
    if (new or differing) and not dry_run:
        kept.add_orders(connection, new, at, imported_at=at)
        _change(connection, campaign, differing, at)
        campaigns.orders_imported(connection, campaign, at)
    return brought


def _change(connection: Connection, campaign: str, differing: Mapping[str, tuple[str, Wanted]], at: datetime) -> None:
    known = kept.known(connection, differing)
    entries = [_entry(campaign, uuid, one, digest, known[uuid]) for uuid, (digest, one) in differing.items()]
    kept.put_orders(connection, entries, at, imported_at=at)
    kept.reopen(connection, [found.thing.uuid for found, judged in entries if judged.reopened])


def named(connection: Connection, campaign: str, lines: Sequence[Line]) -> list[str]:
    """Return the orders of a campaign that lines name, as they were imported or written out, line by line."""
    wanted = [(one.id, order_uuid(campaign, one)) for line in lines if (one := line.wanted) is not None]
    there = _there(connection, campaign, {name for both in wanted for name in both if name is not None})
    return [uuid if uuid in there or own not in there else own or uuid for own, uuid in wanted]


# Which campaign a row is of is asked here and not in SQL: SQLite, which knows not how many orders a campaign has, would
# rather read all of them than look up each.


class _There(NamedTuple):
    digest: str
    removed: bool


def _there(connection: Connection, campaign: str, uuids: Iterable[str]) -> dict[str, _There]:
    found: dict[str, _There] = {}
    columns = select(orders.c.uuid, orders.c.digest, orders.c.campaign, orders.c.removed_at)
    for some in chunks(uuids):
        rows = connection.execute(columns.where(orders.c.uuid.in_(some)))
        found |= {row.uuid: _There(row.digest, row.removed_at is not None) for row in rows if row.campaign == campaign}
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


def _entry(campaign: str, uuid: str, wanted: Wanted, digest: str, before: OrderRecord | None) -> kept.Entry:
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
    return Found(order, digest, msgspec.json.encode({"id": wanted.id})), judge(order, before)
