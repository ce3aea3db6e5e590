"""One reading of a campaign's orders, in slices, so that a long list does not keep other campaigns waiting.

A short list is read whole. Of a long one, between whole readings, the lists of the statuses that may be called are
read; an order that its status's list has come to lack is not dialled until it is listed again. A long list that shifts
while it is read says nothing of what it lacks: what was seen counts as seen, and the rest goes stale.
"""

from collections.abc import Collection, Iterable, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any
from urllib.parse import quote

from dispatcher.api import parse
from dispatcher.api.listing import READINGS
from dispatcher.api.parse import Parsed
from dispatcher.api.sheets import Sheet, Sheets
from dispatcher.api.transport import RefusedError
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.mirror import campaigns, orders
from dispatcher.mirror.changes import CHANGED, Change
from dispatcher.mirror.database import Connection
from dispatcher.mirror.tables import EPOCH
from dispatcher.model.order import DIALABLE, Order, OrderRecord, OrderStatus, order_status
from dispatcher.rules.listing import Reading
from dispatcher.rules.orders import judge

PAGES_AT_ONCE = 20
"""Pages of one campaign in a slice; then it is the turn of the next."""

LONG = 500
"""A list of more orders than this is read by status between whole readings."""

BY_STATUS: Sequence[OrderStatus | None] = sorted(DIALABLE)
WHOLE: Sequence[OrderStatus | None] = (None,)

_PAGES_PER_WRITE = 5
_MOST_CHANGES = 200
"""Changes of one pass that are written down one by one; the rest is only counted."""


class FilterIgnoredError(RefusedError):
    """The platform does not keep to the filter by status."""


@dataclass(slots=True)
class Made:
    """What a pass has done so far."""

    counts: Counts = field(default_factory=Counts)
    changes: list[Change] = field(default_factory=list)
    read: int = 0


class Sweep:
    """Reads the lists of one campaign, one after the other: of each status in `lists`, None for all orders."""

    def __init__(self, context: Context, campaign: str, lists: Sequence[OrderStatus | None]) -> None:
        self.campaign = campaign
        self.started_at = context.clock.now()
        self.total = 0  # of the list that was last read
        self._context = context
        self._path = f"campaigns/{quote(campaign, safe='')}/orders"
        self._lists = list(lists)
        self.is_of_all = None in lists
        self._is_whole = True
        self._readings = 0
        self._begin()

    def _begin(self) -> None:
        self._reading = Reading()
        self._number = 1
        self._readings += 1

    @property
    def done(self) -> bool:
        """Tell whether every list was read to its end."""
        return not self._lists

    async def advance(self, made: Made) -> None:
        """Read one slice. FilterIgnoredError or RefusedError if lists by status are not to be had."""
        status = self._lists[0]
        filters = {} if status is None else {"status": status.value}
        sheets = Sheets(self._context.platform, self._path, "orders", filters, remember=False)
        ended, unwritten = False, []
        async with aclosing(sheets.read(self._number)) as pages:
            async for number, sheet in pages:
                _keeps_to(sheet, status)
                self.total = sheet.total
                self._reading.take(sheet.size, sheet.total, [uuid for uuid, _ in sheet.entries()])
                made.read += sheet.size
                unwritten.append(sheet)
                ended = sheet.is_last(number) or (self._reading.drifted and sheet.total <= LONG)
                slice_ended = ended or number - self._number + 1 >= PAGES_AT_ONCE
                if slice_ended or len(unwritten) >= _PAGES_PER_WRITE:
                    await self._write(unwritten, made)
                    unwritten = []
                if slice_ended:
                    self._number = number + 1
                    break
        if ended:
            await self._end_list(status, made)
        if self.done:
            await self._end()

    async def _write(self, sheets: Sequence[Sheet], made: Made) -> None:
        context, now = self._context, self._context.clock.now()
        # All of a list that is read at one go is known to be new by that; of any other, each order is.
        fresh_for = None if self.total <= LONG and self._readings == 1 else context.settings.sync.max_staleness / 3
        things = [thing for sheet in sheets for thing in sheet.things or ()]
        done = await context.database.write(_apply, self.campaign, things, now, now - fresh_for if fresh_for else None)
        counts = made.counts
        counts.added += done.added
        counts.changed += done.changed
        counts.unchanged += done.unchanged
        counts.refuse(*done.refusals)
        made.changes += done.changes[: max(0, _MOST_CHANGES - len(made.changes))]
        context.book.orders_seen_at[self.campaign] = now
        if done.added or done.changed:
            context.book.stir(self.campaign)
            context.nudge("dispatch")
            context.nudge("tend")

    async def _end_list(self, status: OrderStatus | None, made: Made) -> None:
        """Conclude what a whole list lacks, or read it anew, or leave it at what was seen."""
        if not self._reading.whole and self.total <= LONG and self._readings < READINGS:
            self._begin()
            return
        if self._reading.whole:
            lacking = await self._context.database.write(
                _conclude, self.campaign, status, self._reading.listed, self._context.clock.now()
            )
            made.counts.removed += lacking
            if lacking:
                self._context.nudge("tend")
        else:
            self._is_whole = False
        del self._lists[0]
        self._readings = 0
        self._begin()

    async def _end(self) -> None:
        context, now = self._context, self._context.clock.now()
        if self._is_whole:
            # As of its beginning: what was read first may have changed since.
            context.book.orders_synced_at[self.campaign] = self.started_at
        note = campaigns.orders_synced if self._is_whole else campaigns.orders_seen
        await context.database.write(note, self.campaign, self.started_at if self._is_whole else now)
        context.nudge("dispatch")


@dataclass(slots=True)
class _Done:
    added: int = 0
    changed: int = 0
    unchanged: int = 0
    refusals: list[str] = field(default_factory=list)
    changes: list[Change] = field(default_factory=list)


def _keeps_to(sheet: Sheet, status: OrderStatus | None) -> None:
    if status is None:
        return
    for _, _, thing in sheet.things or ():
        word = thing.get("status") if isinstance(thing, dict) else None
        if order_status(word) is not status:
            raise FilterIgnoredError(f"the platform lists orders of other statuses when asked for {status}")


def _apply(
    connection: Connection,
    campaign: str,
    things: Iterable[tuple[str | None, str, Any]],
    now: datetime,
    seen_before: datetime | None,
) -> _Done:
    """Write the orders that are new or have changed, and note of the others that they were seen.

    That only of those which were last seen before `seen_before`, and of none if it is None.
    """
    listed = list(things)
    mirrored = orders.digests(connection, campaign, [uuid for uuid, _, _ in listed if uuid is not None])
    done, differing, seen = _Done(), [], []
    for uuid, digest, thing in listed:
        if uuid is None or uuid not in mirrored or mirrored[uuid][0] != digest:
            differing.append(parse.order(thing, campaign))
            continue
        done.unchanged += 1
        if seen_before is not None and mirrored[uuid][1] < seen_before:
            seen.append(uuid)
    orders.saw(connection, seen, now)
    done.refusals += [one.why for one in differing if not isinstance(one, Parsed)]
    _put(connection, [one for one in differing if isinstance(one, Parsed)], now, done)
    return done


def _put(connection: Connection, parsed: Sequence[Parsed[Order]], now: datetime, done: _Done) -> None:
    before = orders.known(connection, [one.thing.uuid for one in parsed])
    changes: dict[str, orders.Change] = {}
    reopened: list[str] = []
    for one in parsed:
        order, known = one.thing, before.get(one.thing.uuid)
        judged = judge(order, known)
        if judged.fault is not None:
            done.refusals.append(f"order {order.uuid}: {judged.fault}")
        if (
            order.fault is not None
            and known is not None
            and not known.removed
            and known.order.campaign != order.campaign
        ):
            continue  # one that is listed twice by mistake stays with the campaign that it names
        if judged.reopened:
            reopened.append(order.uuid)
        if known is None or known.removed:
            done.added += 1
        else:
            done.changed += 1
            done.changes.append(_change(known, order))
        changes[order.uuid] = {
            "uuid": order.uuid,
            "campaign": order.campaign,
            "status": order.status.value,
            "number": order.number,
            "e164": judged.e164,
            "country": order.country,
            "scheduled_at": order.scheduled_at,
            "instructions": order.instructions,
            "record": order.record,
            "record_name": order.record_name,
            "fault": judged.fault,
            "document": one.document,
            "digest": one.digest,
            "dialable": judged.dialable,
            "rank": judged.rank,
            "due_at": EPOCH,
            "held_until": None,
            "held_code": None,
        }
    orders.put_orders(connection, list(changes.values()), now)
    orders.reopen(connection, reopened)


def _change(before: OrderRecord, after: Order) -> Change:
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


def _conclude(
    connection: Connection, campaign: str, status: OrderStatus | None, listed: Collection[str], now: datetime
) -> int:
    if status is not None:
        return orders.unlist(connection, campaign, status, listed, now)
    missing = orders.of_campaign(connection, campaign) - set(listed)
    orders.remove(connection, missing, now)
    return len(missing)
