"""What SQL has of the calls that Redis may have something of, to be compared with that, and its repairs."""

from collections.abc import Iterable

from sqlalchemy import ColumnElement, Connection, select, update

from dispatcher.mirror.rows import chunks
from dispatcher.mirror.states import is_holding
from dispatcher.mirror.tables import attempts, orders, phones
from dispatcher.model.attempt import State
from dispatcher.rules.reconcile import Job, Truth


def truth(connection: Connection, asked: Iterable[str]) -> Truth:
    """Return what SQL has: of the attempts that hold an order, of the orders that are held, and of the jobs asked."""
    found = _jobs(connection, is_holding(attempts))
    holders = select(orders.c.uuid, orders.c.live_job).where(orders.c.live_job.is_not(None))
    held = {order: job for order, job in connection.execute(holders)}  # noqa: C416 (a Row is no pair to mypy)
    wanted = {*asked, *held.values()} - found.keys()
    for some in chunks(wanted):
        found |= _jobs(connection, attempts.c.job.in_(some))
    known: dict[str, str | None] = {**held}
    for some in chunks({one.order for one in found.values()} - held.keys()):
        known |= dict.fromkeys(connection.execute(select(orders.c.uuid).where(orders.c.uuid.in_(some))).scalars())
    current = connection.execute(select(phones.c.uuid).where(phones.c.removed_at.is_(None))).scalars()
    return Truth(found, known, set(current))


def hold_order(connection: Connection, order: str, job: str) -> bool:
    """Let an attempt hold its order again, if nothing else does; False if there is no such free order."""
    holder = select(attempts.c.job).where(attempts.c.job == job, is_holding(attempts)).exists()
    mended = update(orders).where(orders.c.uuid == order, orders.c.live_job.is_(None), holder).values(live_job=job)
    return connection.execute(mended).rowcount == 1


def _jobs(connection: Connection, condition: ColumnElement[bool]) -> dict[str, Job]:
    columns = (attempts.c.job, attempts.c.order, attempts.c.phone, attempts.c.state, attempts.c.queued_at)
    return {
        job: Job(job, order, phone, State(state), queued_at)
        for job, order, phone, state, queued_at in connection.execute(select(*columns).where(condition))
    }
