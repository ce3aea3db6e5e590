"""What pages of orders do to the mirror, in one transaction: write what is new or has changed, note what was seen."""

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime

from dispatcher.api import parse
from dispatcher.api.document import Glance
from dispatcher.mirror import orders, tables
from dispatcher.mirror.changes import CHANGED, Change
from dispatcher.mirror.database import Connection
from dispatcher.mirror.documents import documents, says_the_same
from dispatcher.mirror.tables import EPOCH
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderRecord
from dispatcher.rules.orders import Judged, judge


@dataclass(slots=True)
class Done:
    """What pages have done."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refusals: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def apply(
    connection: Connection,
    campaign: str,
    things: Sequence[Glance],
    now: datetime,
    seen_before: datetime | None,
    began_at: datetime,
) -> Done:
    """Write the orders that are new or have changed, and note of the others that they were seen.

    That only of those which were last seen before `seen_before`, and of none if it is None. The reading of all lists of
    the campaign that the pages are of began at `began_at`.
    """
    mirrored = orders.standing(connection, [seen.uuid for seen in things if seen.uuid is not None])
    done, there = Done(), list[str]()
    new: dict[str, Found[Order]] = {}
    differing: dict[str, Found[Order]] = {}
    for seen in things:
        standing = None if seen.uuid is None else mirrored.get(seen.uuid)
        if standing is not None and standing.digest == seen.digest and standing.campaign == campaign:
            done.unchanged += 1
            if seen_before is not None and standing.seen_at < seen_before:
                there.append(seen.uuid or "")
            continue
        read = parse.order(seen, campaign)
        if isinstance(read, Found):
            # Of one that is listed twice the later one counts.
            (new if standing is None else differing)[read.thing.uuid] = read
        else:
            done.refusals.append(read.why)
    orders.saw(connection, there, now)
    _add(connection, campaign, new, now, done)
    _change(connection, campaign, differing, now, done, began_at)
    return done


def _add(connection: Connection, campaign: str, new: dict[str, Found[Order]], now: datetime, done: Done) -> None:
    rows = []
    for one in new.values():
        judged = judge(one.thing, None)
        if judged.fault is not None:
            done.refusals.append(f"order {one.thing.uuid}: {judged.fault}")
        rows.append(_row(one, judged, one.thing.scheduled_at or EPOCH))
    done.added += len(rows)
    orders.add_orders(connection, rows, now, _same(campaign))


def _change(
    connection: Connection,
    campaign: str,
    differing: dict[str, Found[Order]],
    now: datetime,
    done: Done,
    began_at: datetime,
) -> None:
    before = orders.known(connection, differing)
    texts = documents(connection, tables.orders, differing)
    rows = []
    reopened: list[str] = []
    for uuid, one in differing.items():
        order, known = one.thing, before[uuid]
        if known.unlisted_at is not None and known.unlisted_at >= began_at:
            # One list of this very reading lacked it because it stands on another: it was nowhere else.
            known = replace(known, unlisted_at=None)
        judged = judge(order, known)
        if judged.fault is not None:
            done.refusals.append(f"order {uuid}: {judged.fault}")
        if order.fault is not None and not known.removed and known.order.campaign != campaign:
            continue  # one that is listed twice by mistake stays with the campaign that it names
        if judged.reopened:
            reopened.append(uuid)
        if known.removed:
            done.added += 1
        elif says_the_same(texts.get(uuid), one.text):
            done.unchanged += 1
        else:
            done.changed += 1
            done.changes.append(_told(known, order))
        rows.append(_row(one, judged, EPOCH))
    orders.put_orders(connection, rows, now, _same(campaign))
    orders.reopen(connection, reopened)


def _row(one: Found[Order], judged: Judged, due_at: datetime) -> orders.Change:
    uuid, _, status, number, scheduled_at, instructions, record, record_name, country, _ = one.thing
    return {
        "uuid": uuid,
        "status": str(status),
        "number": number,
        "e164": judged.e164,
        "country": country,
        "scheduled_at": scheduled_at,
        "instructions": instructions,
        "record": record,
        "record_name": record_name,
        "fault": judged.fault,
        "document": one.text,
        "digest": one.digest,
        "dialable": judged.dialable,
        "rank": judged.rank,
        "due_at": due_at,
    }


def _same(campaign: str) -> orders.Change:
    return {"campaign": campaign, "held_until": None, "held_code": None}


def _told(before: OrderRecord, after: Order) -> Change:
    """Return what has become of an order: its status and time; no person's data goes into the log of passes."""
    was, is_now = (
        {"status": one.status.value, "scheduledTime": _iso(one.scheduled_at)} for one in (before.order, after)
    )
    differs = [name for name in was if was[name] != is_now[name]]
    return Change(
        "orders",
        after.uuid,
        None,
        CHANGED,
        {name: was[name] for name in differs},
        {name: is_now[name] for name in differs},
    )


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at is not None else None
