"""Orders as they are written out: what the platform or a file says of each, and what has become of it here."""

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime

from sqlalchemy import Connection, Row, and_, select

from dispatcher.mirror.rows import chunks
from dispatcher.mirror.tables import attempts, orders

_AT_ONCE = 2000


@dataclass(frozen=True, slots=True)
class Exported:
    """One order with its last outcome, if it has any. Instants are UTC; `id` is the one of the file that brought it."""

    uuid: str
    id: str | None
    campaign: str
    imported: bool
    status: str
    number: str | None
    name: str | None
    country: str | None
    instructions: str | None
    scheduled_at: datetime | None
    attempts: int
    last_outcome: str | None
    last_ended_at: datetime | None
    retry_at: datetime | None
    closed_as: str | None
    closed_at: datetime | None


def each(connection: Connection, campaign: str | None, take: Callable[[Sequence[Exported]], None]) -> int:
    """Give all orders to `take`, in order and some at a time: those of a campaign, or of all; return how many."""
    chosen = and_(orders.c.removed_at.is_(None), *([] if campaign is None else [orders.c.campaign == campaign]))
    statement = select(orders).where(chosen).order_by(orders.c.campaign, orders.c.uuid)
    total = 0
    rows = connection.execution_options(yield_per=_AT_ONCE).execute(statement)
    for some in rows.partitions():
        last = _last_outcomes(connection, [row.uuid for row in some])
        take([_exported(row, *last.get(row.uuid, (None, None))) for row in some])
        total += len(some)
    return total


def _last_outcomes(connection: Connection, uuids: Sequence[str]) -> dict[str, tuple[str, datetime]]:
    found: dict[str, tuple[str, datetime]] = {}
    for some in chunks(uuids):
        of_them = and_(attempts.c.order.in_(some), attempts.c.outcome.is_not(None))
        ended = select(attempts.c.order, attempts.c.outcome, attempts.c.ended_at).where(of_them)
        found |= {
            row.order: (row.outcome, row.ended_at) for row in connection.execute(ended.order_by(attempts.c.ended_at))
        }
    return found


def _exported(row: Row[tuple[object, ...]], outcome: str | None, ended_at: datetime | None) -> Exported:
    return Exported(
        uuid=row.uuid,
        id=row.document.get("id") if row.imported_at is not None else None,
        campaign=row.campaign,
        imported=row.imported_at is not None,
        status=row.status,
        number=row.number,
        name=row.record_name,
        country=row.country,
        instructions=row.instructions,
        scheduled_at=row.scheduled_at,
        attempts=row.attempts,
        last_outcome=outcome,
        last_ended_at=ended_at,
        retry_at=row.retry_at,
        closed_as=row.closed_as,
        closed_at=row.closed_at,
    )
