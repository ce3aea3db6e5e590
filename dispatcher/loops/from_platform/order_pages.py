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
from dispatcher.model.found import Found
from dispatcher.model.order import Order, OrderRecord
from dispatcher.rules.orders import judge


@dataclass(slots=True)
class Done:
    """What pages have done."""

    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refusals: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)

    def refuse(self, *entries: orders.Entry) -> None:
        """Note what is wrong with orders, where anything is; those are not dialled."""
        self.refusals += [
            f"order {found.thing.uuid}: {judged.fault}" for found, judged in entries if judged.fault is not None
        ]


def apply(
    connection: Connection,
    campaign: str,
    things: Sequence[Glance],
    now: datetime,
    seen_before: datetime,
    began_at: datetime,
) -> Done:
    """Write the orders that are new or have changed, and note of the others that they were seen.

    That only of those which were last seen before `seen_before`. The reading of all lists of the campaign that the
    pages are of began at `began_at`.
    """
    named = [seen.uuid for seen in things if seen.uuid is not None]
    mirrored = orders.standing(connection, campaign, named, seen_before)
    done, old = Done(), list[str]()
    new: dict[str, Found[Order]] = {}
    differing: dict[str, Found[Order]] = {}
    for seen in things:
        standing = mirrored.get(seen.uuid or "")
        if standing is not None and standing.digest == seen.digest:
            done.unchanged += 1
            if standing.is_old:
                old.append(seen.uuid or "")
            continue
        read = parse.order(seen, campaign)
        if isinstance(read, Found):
            # Of one that is listed twice the later one counts.
            (new if standing is None else differing)[read.thing.uuid] = read
        else:
            done.refusals.append(read.why)
    orders.saw(connection, old, now)
    _add(connection, new, now, done)
    _change(connection, campaign, differing, now, done, began_at)
    return done


def _add(connection: Connection, new: dict[str, Found[Order]], now: datetime, done: Done) -> None:
    entries = [(one, judge(one.thing, None)) for one in new.values()]
    done.refuse(*entries)
    done.added += len(entries)
    orders.add_orders(connection, entries, now)


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
    entries = []
    reopened: list[str] = []
    for uuid, one in differing.items():
        order, known = one.thing, before[uuid]
        if known.unlisted_at is not None and known.unlisted_at >= began_at:
            # One list of this very reading lacked it because it stands on another: it was nowhere else.
            known = replace(known, unlisted_at=None)
        judged = judge(order, known)
        done.refuse((one, judged))
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
        entries.append((one, judged))
    orders.put_orders(connection, entries, now)
    orders.reopen(connection, reopened)


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
