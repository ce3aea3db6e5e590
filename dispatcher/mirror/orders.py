"""Orders in the mirror: what the platform says of each, and what we know beside it."""

from collections.abc import Collection, Iterable, Sequence
from datetime import datetime
from functools import cache
from typing import Any, NamedTuple

from sqlalchemy import (
    Connection,
    Integer,
    String,
    Update,
    and_,
    bindparam,
    case,
    func,
    literal_column,
    or_,
    select,
    update,
)

from dispatcher.mirror.order_records import number_is_forbidden, number_is_live, record_of, records
from dispatcher.mirror.rows import among, chunks
from dispatcher.mirror.tables import EPOCH, dead_letters, order_reports, orders
from dispatcher.mirror.types import Instant
from dispatcher.mirror.upsert import put
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderRecord, OrderStatus
from dispatcher.rules.orders import CALLBACK, NEW, RETRY, Judged


class Standing(NamedTuple):
    """What tells whether an order that is listed for a campaign is as it was.

    `digest` is None if it is not listed for that campaign by what the mirror knows.
    """

    digest: str | None
    is_old: bool  # it was last written or seen before the instant asked about


Entry = tuple[Found[Order], Judged]
"""An order on its way into the mirror, and how it stands."""


is_waiting = and_(
    # Spelled as in the index `orders_waiting`: SQLite does not see that `dialable = 1` is the same.
    literal_column("orders.dialable"),
    orders.c.live_job.is_(None),
    orders.c.closed_as.is_(None),
    orders.c.removed_at.is_(None),
)
"""An order that nothing but time keeps from being called, as far as SQL can tell."""

is_the_platforms = orders.c.imported_at.is_(None)
"""An order that the platform has, or had: what a file brought is on no list of the platform's."""


def known(connection: Connection, uuids: Iterable[str]) -> dict[str, OrderRecord]:
    """Return what the mirror has of these orders, removed ones included, by uuid."""
    found: dict[str, OrderRecord] = {}
    for some in chunks(uuids):
        for row in connection.execute(records().where(orders.c.uuid.in_(some))):
            found[row.uuid] = record_of(row)
    return found


def record(connection: Connection, uuid: str) -> OrderRecord | None:
    """Return one order; None if the mirror has never seen it or the platform has removed it."""
    found = known(connection, [uuid]).get(uuid)
    return None if found is None or found.removed else found


def starting(connection: Connection, campaign: str, text: str) -> list[str]:
    """Return the uuids of a campaign's orders that start with a text, two at most: enough to tell one from several."""
    # Not a range: ids are opaque, and a database's collation need not order them as bytes.
    same = func.substr(orders.c.uuid, 1, len(text)) == text
    mine = and_(orders.c.campaign == campaign, orders.c.removed_at.is_(None))
    return list(connection.execute(select(orders.c.uuid).where(mine, same).limit(2)).scalars())


def of_campaign(
    connection: Connection, campaign: str, status: OrderStatus | None = None, *, seen_before: datetime | None = None
) -> set[str]:
    """Return the uuids of a campaign's orders that the platform has: all, or of a status, as far as they are listed.

    With `seen_before` only those that were last listed before it. One that was finished here since a list of its status
    came to lack it counts as listed: that it is lacking still says more.
    """
    its = [orders.c.campaign == campaign, orders.c.removed_at.is_(None), is_the_platforms]
    if status is not None:
        listed = or_(orders.c.unlisted_at.is_(None), orders.c.unlisted_at < orders.c.closed_at)
        its += [orders.c.status == status.value, listed]
    if seen_before is not None:
        its.append(orders.c.mirrored_at < seen_before)
    return set(connection.execute(select(orders.c.uuid).where(*its)).scalars())


def has_orders(connection: Connection, campaign: str) -> bool:
    """Tell whether the mirror has, or ever had, an order of a campaign."""
    its = select(orders.c.uuid).where(orders.c.campaign == campaign).limit(1)
    return connection.execute(its).first() is not None


def add_orders(
    connection: Connection, entries: Sequence[Entry], at: datetime, *, imported_at: datetime | None = None
) -> None:
    """Write orders that the mirror has never seen; `imported_at` for those that a file brings."""
    if not entries:
        return
    # By columns, which takes a third of the time that a row of each takes: there may be a million.
    found, judged = zip(*entries, strict=True)
    theirs, digests, documents = zip(*found, strict=True)
    uuids, campaigns, statuses, numbers, times, instructions, records, names, countries, _ = zip(*theirs, strict=True)
    e164, faults, dialable, ranks, _ = zip(*judged, strict=True)
    columns = {
        "uuid": uuids,
        "campaign": campaigns,
        "status": [str(status) for status in statuses],
        "number": numbers,
        "e164": e164,
        "country": countries,
        "scheduled_at": times,
        "instructions": instructions,
        "record": records,
        "record_name": names,
        "fault": faults,
        "document": documents,
        "digest": digests,
        "dialable": dialable,
        "rank": ranks,
        "due_at": [EPOCH if time is None else time for time in times],
    }
    imported = {} if imported_at is None else {"imported_at": imported_at}
    cleared = dict.fromkeys(("removed_at", "unlisted_at", "held_until", "held_code"))
    put(connection, orders, columns, {"mirrored_at": at, **cleared, **imported})


def put_orders(
    connection: Connection, entries: Sequence[Entry], at: datetime, *, imported_at: datetime | None = None
) -> None:
    """Write orders that have changed; those that something else puts off stay so."""
    add_orders(connection, entries, at, imported_at=imported_at)
    _refresh_due(connection, [found.thing.uuid for found, _ in entries])


def reopen(connection: Connection, uuids: Collection[str]) -> None:
    """Open orders again that were finished here, as if they had never been called."""
    for some in chunks(uuids):
        connection.execute(
            update(orders)
            .where(orders.c.uuid.in_(some))
            .values(closed_as=None, closed_at=None, attempts=0, retry_at=None)
        )
        _forget(connection, some)
    _refresh_due(connection, uuids)


def remove(connection: Connection, uuids: Collection[str], at: datetime) -> None:
    """Mark orders as removed by the platform."""
    for some in chunks(uuids):
        connection.execute(update(orders).where(orders.c.uuid.in_(some)).values(removed_at=at))
        _forget(connection, some)


def _forget(connection: Connection, some: Sequence[str]) -> None:
    """Drop what a call has left behind: a platform that was told late would undo what somebody has planned since."""
    for left in (dead_letters, order_reports):
        connection.execute(left.delete().where(left.c.order.in_(some)))


def standing(
    connection: Connection, campaign: str, uuids: Collection[str], seen_before: datetime
) -> dict[str, Standing]:
    """Return how orders stand that are listed for a campaign, by uuid; those that the mirror never saw are left out."""
    asked = {"its_campaign": campaign, "uuids": uuids, "seen_before": seen_before}
    rows = connection.execute(_standing(connection.dialect.name), asked)
    return {uuid: Standing(digest, is_old) for uuid, digest, is_old in rows}


@cache
def _standing(dialect: str) -> Any:
    """Return the statement of `standing`, made once as that of `waiting` is."""
    is_listed = and_(
        orders.c.campaign == bindparam("its_campaign", type_=String),
        orders.c.removed_at.is_(None),
        orders.c.unlisted_at.is_(None),
    )
    is_old = orders.c.mirrored_at < bindparam("seen_before", type_=Instant)
    columns = select(orders.c.uuid, case((is_listed, orders.c.digest)), is_old)
    return columns.where(among(orders.c.uuid, "uuids", dialect))


def saw(connection: Connection, uuids: Collection[str], at: datetime) -> None:
    """Note that orders were listed as they are known."""
    if uuids:
        connection.execute(_saw(connection.dialect.name), {"uuids": uuids, "seen_at": at})


@cache
def _saw(dialect: str) -> Update:
    theirs = among(orders.c.uuid, "uuids", dialect)
    return update(orders).where(theirs).values(mirrored_at=bindparam("seen_at", type_=Instant))


def unlist(connection: Connection, uuids: Collection[str], at: datetime) -> None:
    """Mark orders that the whole list of their status lacks, by a reading that began `at`.

    What has become of them the platform has not said: they keep what is known of them, and are not dialled.
    """
    for some in chunks(uuids):
        connection.execute(update(orders).where(orders.c.uuid.in_(some)).values(unlisted_at=at, dialable=False))


def waiting(
    connection: Connection, campaign: str, at: datetime, limit: int, *, seen_since: datetime = EPOCH
) -> list[OrderRecord]:
    """Return the campaign's orders that may be due now: callbacks first, then retries, then new ones.

    An order whose number is in a live attempt, of any campaign, or on the do-not-call list is left out; so is one that
    the platform has not listed since `seen_since`, unless a file brought it.
    """
    asked = {"its_campaign": campaign, "by": at, "most": limit, "seen_since": seen_since}
    return [record_of(row) for row in connection.execute(_waiting(), asked)]


@cache
def _waiting() -> Any:
    """Return the statement of `waiting`, made once: to make it takes longer than to run it."""
    return (
        records()
        .where(
            is_waiting,
            orders.c.campaign == bindparam("its_campaign", type_=String),
            orders.c.due_at <= bindparam("by", type_=Instant),
            or_(orders.c.mirrored_at >= bindparam("seen_since", type_=Instant), ~is_the_platforms),
        )
        .where(~number_is_live(), ~number_is_forbidden())
        .order_by(orders.c.rank, orders.c.due_at, orders.c.uuid)
        .limit(bindparam("most", type_=Integer))
    )


def next_due(connection: Connection, campaign: str, at: datetime) -> datetime | None:
    """Return the next instant after `at` at which an order of the campaign may be due; None if there is none.

    Orders that only wait for another call to the same number are not counted: the end of that call stirs them.
    """
    found: datetime | None = connection.execute(
        select(func.min(orders.c.due_at)).where(
            # All the ranks there are: named, so that the index on campaign, rank and due time serves.
            is_waiting,
            orders.c.campaign == campaign,
            orders.c.rank.in_((CALLBACK, RETRY, NEW)),
            orders.c.due_at > at,
        )
    ).scalar_one()
    return found


def hold(connection: Connection, held: Iterable[tuple[str, str, datetime]]) -> None:
    """Put orders off: for each its uuid, the reason's code and the instant at which to look again."""
    for uuid, code, until in held:
        connection.execute(
            update(orders).where(orders.c.uuid == uuid).values(held_until=until, held_code=code, due_at=until)
        )


def release_holds(connection: Connection) -> int:
    """Forget every hold, so that each is judged anew: the rules may have changed."""
    held = list(connection.execute(select(orders.c.uuid).where(orders.c.held_until.is_not(None))).scalars())
    for some in chunks(held):
        connection.execute(update(orders).where(orders.c.uuid.in_(some)).values(held_until=None, held_code=None))
    _refresh_due(connection, held)
    return len(held)


def take(connection: Connection, uuid: str, job: str) -> bool:
    """Let an attempt hold an order; False if the order is no longer free."""
    return connection.execute(_TAKE, {"order": uuid, "job": job}).rowcount == 1


def free(connection: Connection, uuid: str, job: str) -> None:
    """Let go of an order that an attempt held and nobody called."""
    connection.execute(_FREE, {"order": uuid, "job": job})


def spend(
    connection: Connection,
    uuid: str,
    job: str,
    *,
    closed_as: str | None,
    retry_at: datetime | None,
    at: datetime,
) -> None:
    """Record a call that was begun: the order is closed, or due again at `retry_at`.

    The report of a call that a person had released may find the order held by another attempt, which goes on holding
    it; a closed order's is taken back. What one of the two calls has closed, the other does not open again.
    """
    spent = {"order": uuid, "job": job, "as": closed_as, "at": at if closed_as else None, "again": retry_at}
    connection.execute(_SPEND, spent)
    _refresh_due(connection, [uuid])


def _refresh_due(connection: Connection, uuids: Iterable[str]) -> None:
    """Let orders be due when whatever puts them off is over."""
    for some in chunks(uuids):
        connection.execute(_refreshing(connection.dialect.name), {"orders": some})


@cache
def _refreshing(dialect: str) -> Update:
    greatest = func.max if dialect == "sqlite" else func.greatest
    waits = (orders.c.scheduled_at, orders.c.retry_at, orders.c.held_until)
    return (
        update(orders)
        .where(orders.c.uuid.in_(bindparam("orders", expanding=True)))
        .values(due_at=greatest(*(func.coalesce(wait, EPOCH) for wait in waits)))
    )


# Made once: each call makes several of these, and to make one takes longer than to run it.
_ORDER, _JOB = orders.c.uuid == bindparam("order"), bindparam("job", type_=String)
_TAKE = update(orders).where(_ORDER, is_waiting).values(live_job=_JOB)
_FREE = update(orders).where(_ORDER, orders.c.live_job == _JOB).values(live_job=None)
_SPEND = (
    update(orders)
    .where(_ORDER)
    .values(
        live_job=case((orders.c.live_job != _JOB, orders.c.live_job)),
        attempts=orders.c.attempts + 1,
        closed_as=func.coalesce(bindparam("as", type_=orders.c.closed_as.type), orders.c.closed_as),
        closed_at=func.coalesce(bindparam("at", type_=orders.c.closed_at.type), orders.c.closed_at),
        retry_at=bindparam("again"),
        # A callback that was placed is a callback no longer.
        rank=1,
    )
)
