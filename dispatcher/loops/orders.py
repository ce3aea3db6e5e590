"""Platform to mirror: the orders of campaigns that are open or open soon.

Pages are written as they come, so that a long list is dialled before its last page. What is missing is removed only
when the pages made a whole.
"""

from collections.abc import Sequence
from datetime import datetime, timedelta
from typing import Any
from urllib.parse import quote

from dispatcher import metrics
from dispatcher.api import parse
from dispatcher.api.listing import READINGS
from dispatcher.api.parse import Parsed
from dispatcher.api.sheets import Told
from dispatcher.errors import NotFoundError, PermanentError, TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.counts import Counts
from dispatcher.mirror import campaigns, orders, record
from dispatcher.mirror.database import Connection
from dispatcher.mirror.lock import Alone, alone
from dispatcher.mirror.record import Pass
from dispatcher.mirror.tables import EPOCH
from dispatcher.model.order import Order
from dispatcher.rules.listing import Reading
from dispatcher.rules.orders import judge

log = logger(__name__)

KIND = "orders"


class Orders:
    """Reads orders, each campaign's at its own time."""

    name = "orders"

    def __init__(self, context: Context, *, told: Told | None = None) -> None:
        self._context = context
        self._told = told
        self._read = 0
        self._read_at: dict[str, datetime] = {}

    async def run_once(self) -> float:
        """Read the orders of campaigns whose turn it is."""
        interval = self._context.settings.sync.orders_interval
        now = self._context.clock.now()
        # A reading that lies ahead was made before the clock was set back.
        due = [
            uuid
            for uuid in self._wanted(now)
            if uuid not in self._read_at or not timedelta(0) <= now - self._read_at[uuid] < interval
        ]
        if due:
            await self.run_pass(due)
        waits = [
            (self._read_at[uuid] + interval - now).total_seconds()
            for uuid in self._wanted(now)
            if uuid in self._read_at
        ]
        return max(0.1, min(waits, default=interval.total_seconds()))

    async def run_pass(self, uuids: Sequence[str] | None = None) -> Counts:
        """Read the orders of these campaigns, or of all whose orders matter now, and return what that did."""
        context = self._context
        started, since = context.clock.now(), context.clock.monotonic()
        counts = Counts()
        faults: list[str] = []
        for uuid in self._wanted(started) if uuids is None else uuids:
            try:
                # As with campaigns: a page that was read earlier must not be written later, by whichever process.
                async with alone(context.database, Alone.ORDERS, context.clock):
                    await self._read_one(uuid, counts)
                self._read_at[uuid] = started
            except NotFoundError:
                # It was deleted since it was listed; the next pass over campaigns says so.
                self._read_at[uuid] = started
            except (TransientError, PermanentError) as fault:
                faults.append(str(fault))
                log.warning("orders not read", campaign=uuid, fault=str(fault))
                self._read_at[uuid] = started
        seconds = context.clock.monotonic() - since
        ok = not faults
        made = Pass(KIND, started, seconds, ok, counts.document(), faults[0] if faults else None)
        await context.database.write(record.add_pass, made)
        metrics.SYNC_PASSES.labels(KIND, str(ok).lower()).inc()
        metrics.SYNC_SECONDS.labels(KIND).observe(seconds)
        metrics.SYNC_REFUSED.labels(KIND).set(counts.refused)
        return counts

    def _wanted(self, now: datetime) -> list[str]:
        """Return the campaigns whose orders matter: those that nothing but the hour keeps from being dialled."""
        return sorted(self._context.book.open_by(now + self._context.settings.sync.soon))

    async def _read_one(self, campaign: str, counts: Counts) -> None:
        """Read one campaign's orders to the end, anew while the list shifts."""
        context = self._context
        for _ in range(READINGS):
            reading = Reading()
            async for page in context.platform.pages(f"campaigns/{quote(campaign, safe='')}/orders", "orders"):
                reading.take(len(page.items), page.total, [uuid for uuid in map(_name, page.items) if uuid is not None])
                await self._write_page(campaign, page.items, counts)
                self._read += len(page.items)
                if self._told is not None:
                    # They come campaign by campaign, and how many there are in all nobody knows before the last.
                    self._told(KIND, self._read, None)
            if reading.whole:
                now = context.clock.now()
                counts.removed += await context.database.write(_finish, campaign, reading.listed, now)
                context.book.orders_synced_at[campaign] = now
                context.nudge("dispatch")
                return
        raise TransientError(f"the list of orders of campaign {campaign} shifted in each of {READINGS} readings")

    async def _write_page(self, campaign: str, items: Sequence[Any], counts: Counts) -> None:
        context = self._context
        found = [parse.order(item, campaign) for item in items]
        parsed = [one for one in found if isinstance(one, Parsed)]
        counts.refusals += [one.why for one in found if not isinstance(one, Parsed)]
        counts.refused += len(found) - len(parsed)
        now = context.clock.now()
        added, changed, faulty = await context.database.write(_apply, parsed, now)
        counts.added += added
        counts.changed += changed
        counts.refused += len(faulty)
        counts.refusals += faulty
        counts.unchanged += len(parsed) - added - changed
        if added or changed:
            context.book.stir(campaign)
            context.nudge("dispatch")
            context.nudge("tend")


def _name(item: Any) -> str | None:
    uuid = item.get("uuid") if isinstance(item, dict) else None
    return uuid if isinstance(uuid, str) else None


def _apply(connection: Connection, parsed: Sequence[Parsed[Order]], now: datetime) -> tuple[int, int, list[str]]:
    """Write the orders of a page that are new or have changed; return how many of each, and what is wrong with some."""
    before = orders.known(connection, [one.thing.uuid for one in parsed])
    changes: dict[str, orders.Change] = {}
    reopened: list[str] = []
    added = 0
    faulty = []
    for one in parsed:
        order, known = one.thing, before.get(one.thing.uuid)
        if known is not None and known.digest == one.digest and not known.removed:
            continue
        added += known is None or known.removed
        judged = judge(order, known)
        if judged.fault is not None:
            faulty.append(f"order {order.uuid}: {judged.fault}")
        if judged.reopened:
            reopened.append(order.uuid)
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
    return added, len(changes) - added, faulty


def _finish(connection: Connection, campaign: str, listed: set[str], now: datetime) -> int:
    """End a whole reading: remove what was not listed, and remember when it was."""
    missing = orders.of_campaign(connection, campaign) - listed
    orders.remove(connection, missing, now)
    campaigns.orders_synced(connection, campaign, now)
    return len(missing)
