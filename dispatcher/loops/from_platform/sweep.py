"""One reading of a campaign's orders, in slices, so that a long list does not keep other campaigns waiting.

A short list is read whole. Of a long one, between whole readings, the lists of the statuses that may be or are being
called are read; an order that its status's list has come to lack is not dialled until it is listed again. A long list
that shifts while it is read says nothing of what it lacks: what was seen counts as seen, and the rest goes stale.

What a short list lacks is told by the names that it has. The names of a long one are too many to be kept: of each of
its orders the mirror notes that it was seen, and what it lacks was not seen since its reading began.
"""

from collections.abc import Collection, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from urllib.parse import quote

from dispatcher.api.listing import READINGS
from dispatcher.api.parse import status_of
from dispatcher.api.sheets import Sheet, Sheets
from dispatcher.api.transport import RefusedError
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform import order_pages
from dispatcher.loops.from_platform.behind import Behind
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.mirror import campaigns, orders
from dispatcher.mirror.changes import Change
from dispatcher.mirror.database import Connection
from dispatcher.mirror.tables import EPOCH
from dispatcher.model.order import DIALABLE, OrderStatus
from dispatcher.rules.listing import LongReading, Reading

PAGES_AT_ONCE = 300
"""Pages of one campaign in a slice, at most; then it is the turn of the next. They take most of a second."""

LONG = 500
"""A list of more orders than this is read by status between whole readings."""

BY_STATUS: Sequence[OrderStatus | None] = (OrderStatus.CALLING, *sorted(DIALABLE))
"""Those that are being called come first: what is on none of these lists after its call was left somewhere else."""

WHOLE: Sequence[OrderStatus | None] = (None,)

_SLICE_S = 1.0
"""A slice ends after so long, however few pages it had: not all platforms are near."""

_PAGES_PER_WRITE = 30
"""A transaction of so many pages takes a few hundredths of a second, for which others that write must wait."""

_MARKS_PER_WRITE = 5000
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
        self._writing = Behind()
        self._begin()

    def _begin(self) -> None:
        self._reading: Reading | LongReading = Reading()  # which, its first page tells
        self._may_lack = True
        self._began_at = self._context.clock.now()
        self._number = 1
        self._readings += 1

    @property
    def done(self) -> bool:
        """Tell whether every list was read to its end."""
        return not self._lists

    async def advance(self, made: Made) -> None:
        """Read one slice. FilterIgnoredError or RefusedError if lists by status are not to be had."""
        status = self._lists[0]
        try:
            ended = await self._read_slice(status, made)
        finally:
            await self._writing.end()
        if ended:
            await self._end_list(status, made)
        if self.done:
            await self._end()

    async def _read_slice(self, status: OrderStatus | None, made: Made) -> bool:
        """Read pages, and have them written while the next are on their way; return whether the list has ended."""
        clock, since = self._context.clock, self._context.clock.monotonic()
        filters = {} if status is None else {"status": status.value}
        sheets = Sheets(self._context.platform, self._path, "orders", filters, remember=False)
        until = self._number + PAGES_AT_ONCE - 1
        ended, unwritten = False, list[Sheet]()
        async with aclosing(sheets.read(self._number, until)) as pages:
            async for number, sheet in pages:
                _keeps_to(sheet, status)
                if number == 1:
                    await self._open(sheet)
                ended = self._take(sheet) or sheet.is_last(number)
                made.read += sheet.size
                unwritten.append(sheet)
                self._number = number + 1
                slice_ended = ended or number == until or clock.monotonic() - since >= _SLICE_S
                if slice_ended or len(unwritten) >= _PAGES_PER_WRITE:
                    await self._writing.begin(self._write(unwritten, made))
                    unwritten = []
                if slice_ended:
                    break
        return ended

    async def _open(self, first: Sheet) -> None:
        """Look at how long the list is, by its first page."""
        if first.total > LONG:
            self._reading = LongReading()
            # It may lack what the mirror had before. If that is nothing, there is no need to look through a million.
            self._may_lack = await self._context.database.read(orders.has_orders, self.campaign)

    def _take(self, sheet: Sheet) -> bool:
        """Note a page; return whether the list need not be read further."""
        self.total = sheet.total
        self._reading.take(sheet.size, sheet.total, sheet.named())
        # Of a long list that shifts, too, each order that is seen counts as seen.
        return isinstance(self._reading, Reading) and self._reading.drifted and sheet.total <= LONG

    async def _write(self, sheets: Sequence[Sheet], made: Made) -> None:
        context = self._context
        # Not before the list's beginning, however the clock was set: what is older counts as not seen.
        now = max(context.clock.now(), self._began_at)
        things = [seen for sheet in sheets for seen in sheet.things or ()]
        seen_before = self._seen_before(now)
        done = await context.database.write(order_pages.apply, self.campaign, things, now, seen_before, self.started_at)
        counts = made.counts
        counts.added += done.added
        counts.changed += done.changed
        counts.unchanged += done.unchanged
        counts.refuse(*done.refusals)
        made.changes += done.changes[: max(0, _MOST_CHANGES - len(made.changes))]
        context.book.orders_seen_at[self.campaign] = now
        # What was seen too long ago to be called may be called again now, though nothing of it has changed.
        if done.added or done.changed or seen_before > EPOCH:
            context.book.stir(self.campaign)
            context.nudge("dispatch")
            context.nudge("tend")

    def _seen_before(self, now: datetime) -> datetime:
        """Return since when an order must have been seen that is not noted as seen now; EPOCH to note none."""
        if isinstance(self._reading, LongReading):
            return self._began_at
        # All of a list that is read at one go is known to be new by that; of any other, each order is.
        is_short = self.total <= LONG and self._readings == 1
        return EPOCH if is_short else now - self._context.settings.sync.max_staleness / 3

    async def _end_list(self, status: OrderStatus | None, made: Made) -> None:
        """Conclude what a whole list lacks, or read it anew, or leave it at what was seen."""
        is_whole = self._reading.whole
        if not is_whole and self.total <= LONG and self._readings < READINGS:
            self._begin()
            return
        if is_whole:
            await self._conclude(status, made)
        else:
            self._is_whole = False
        del self._lists[0]
        self._readings = 0
        self._begin()

    async def _conclude(self, status: OrderStatus | None, made: Made) -> None:
        """Let go of what the whole list lacks, some at a time: other writers wait meanwhile."""
        if not self._may_lack:
            return
        database = self._context.database
        at = self._context.clock.now() if status is None else self.started_at
        seen_before = self._began_at if isinstance(self._reading, LongReading) else None
        lacking = await database.read(orders.of_campaign, self.campaign, status, seen_before=seen_before)
        if isinstance(self._reading, Reading):
            lacking -= self._reading.listed
        listed = sorted(lacking)
        for start in range(0, len(listed), _MARKS_PER_WRITE):
            await database.write(_let_go, status, listed[start : start + _MARKS_PER_WRITE], at)
        made.counts.removed += len(listed)
        if listed:
            self._context.nudge("tend")

    async def _end(self) -> None:
        context, now = self._context, self._context.clock.now()
        if self._is_whole:
            # As of its beginning: what was read first may have changed since.
            context.book.orders_synced_at[self.campaign] = self.started_at
            context.book.stir(self.campaign)
        note = campaigns.orders_synced if self._is_whole else campaigns.orders_seen
        await context.database.write(note, self.campaign, self.started_at if self._is_whole else now)
        context.nudge("dispatch")


def _keeps_to(sheet: Sheet, status: OrderStatus | None) -> None:
    if status is not None and any(status_of(seen) is not status for seen in sheet.things or ()):
        raise FilterIgnoredError(f"the platform lists orders of other statuses when asked for {status}")


def _let_go(connection: Connection, status: OrderStatus | None, uuids: Collection[str], at: datetime) -> None:
    if status is None:
        orders.remove(connection, uuids, at)
    else:
        orders.unlist(connection, uuids, at)
