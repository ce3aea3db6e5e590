"""Platform to mirror: the orders of campaigns that are open or open soon, each campaign's at its own time."""

from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatcher import metrics
from dispatcher.api.sheets import Told
from dispatcher.api.transport import RefusedError
from dispatcher.errors import NotFoundError, PermanentError, TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.loops.from_platform.sweep import BY_STATUS, LONG, WHOLE, Made, Sweep
from dispatcher.mirror import record
from dispatcher.mirror.lock import Alone, alone
from dispatcher.mirror.record import Pass
from dispatcher.model.order import OrderStatus

log = logger(__name__)

KIND = "orders"


class Orders:
    """Reads orders in slices, campaign by campaign in turn. `told` hears of each slice."""

    name = "orders"

    def __init__(self, context: Context, *, told: Told | None = None) -> None:
        self._context = context
        self._told = told
        self._read = 0
        self._sweeps: dict[str, Sweep] = {}
        # What an earlier daemon has read a moment ago is not read again because this one starts.
        self._read_at = dict(context.book.orders_synced_at)
        self._read_whole_at: dict[str, datetime] = {}
        self._totals: dict[str, int] = {}
        self.fault: str | None = None
        self._filters = True  # whether the platform gives lists by status

    async def run_once(self) -> float:
        """Read a slice of every campaign whose turn it is; return the seconds until one has its turn again."""
        interval = self._context.settings.sync.orders_interval
        now = self._context.clock.now()
        wanted = self._wanted(now)
        self._sweeps = {uuid: sweep for uuid, sweep in self._sweeps.items() if uuid in wanted}
        due = [
            uuid for uuid in wanted if uuid in self._sweeps or not _is_recent(self._read_at.get(uuid), now, interval)
        ]
        if due:
            await self._read_slices(due, now)
        if self._sweeps:
            return 0.0
        waits = [(at + interval - now).total_seconds() for uuid, at in self._read_at.items() if uuid in wanted]
        return max(0.1, min(waits, default=interval.total_seconds()))

    async def run_pass(self, campaign: str | None = None) -> Counts:
        """Read orders to the end and return what that did: of one campaign, or of all whose orders matter now.

        `fault` tells afterwards what went wrong first, if anything did; what was read is kept.
        """
        now = self._context.clock.now()
        self.fault = None
        total = Counts()
        due: Sequence[str] = self._wanted(now) if campaign is None else [campaign]
        while due:
            total.add((await self._read_slices(due, now)).counts)
            due = list(self._sweeps)
        return total

    def _wanted(self, now: datetime) -> list[str]:
        """Return the campaigns whose orders matter: those that nothing but the hour keeps from being dialled."""
        return sorted(self._context.book.open_by(now + self._context.settings.sync.soon))

    async def _read_slices(self, uuids: Sequence[str], now: datetime) -> Made:
        """Read a slice of each campaign, and write down what that did."""
        context = self._context
        started, since = context.clock.now(), context.clock.monotonic()
        made, faults = Made(), list[str]()
        for uuid in uuids:
            sweep = self._sweeps.pop(uuid, None) or Sweep(context, uuid, self._lists(uuid, now))
            try:
                # As with campaigns: a page that was read earlier must not be written later, by whichever process.
                async with alone(context.database, Alone.ORDERS, context.clock):
                    await sweep.advance(made)
            except RefusedError as fault:
                log.warning("orders are read whole, not by status", campaign=uuid, fault=str(fault))
                self._filters = False
                self._sweeps[uuid] = Sweep(context, uuid, WHOLE)
            except NotFoundError:
                # It was deleted since it was listed; the next pass over campaigns says so.
                self._read_at[uuid] = now
            except (TransientError, PermanentError) as fault:
                faults.append(str(fault))
                log.warning("orders not read", campaign=uuid, fault=str(fault))
                self._read_at[uuid] = now
                self._read_whole_at.pop(uuid, None)
            else:
                self._keep(sweep)
            if self._told is not None:
                # They come campaign by campaign, and how many there are in all nobody knows before the last.
                self._told(KIND, self._read + made.read, None)
        self._read += made.read
        await self._write_down(made, started, context.clock.monotonic() - since, faults)
        return made

    def _lists(self, campaign: str, now: datetime) -> Sequence[OrderStatus | None]:
        """Return which lists of a campaign to read: the whole one, or those of the statuses that may be called."""
        is_long = self._totals.get(campaign, 0) > LONG
        interval = self._context.settings.sync.whole_interval
        if self._filters and is_long and _is_recent(self._read_whole_at.get(campaign), now, interval):
            return BY_STATUS
        self._read_whole_at[campaign] = now
        return WHOLE

    def _keep(self, sweep: Sweep) -> None:
        """Keep a sweep for its next slice, or note that it is done."""
        if not sweep.done:
            self._sweeps[sweep.campaign] = sweep
            return
        self._read_at[sweep.campaign] = sweep.started_at
        if sweep.is_of_all:
            self._totals[sweep.campaign] = sweep.total

    async def _write_down(self, made: Made, started: datetime, seconds: float, faults: Sequence[str]) -> None:
        fault = faults[0] if faults else None
        self.fault = self.fault or fault
        done = Pass(KIND, started, seconds, not faults, made.counts.document(), fault)
        await self._context.database.write(record.add_pass, done, made.changes)
        metrics.SYNC_PASSES.labels(KIND, str(done.ok).lower()).inc()
        metrics.SYNC_SECONDS.labels(KIND).observe(seconds)
        metrics.SYNC_REFUSED.labels(KIND).set(made.counts.refused)


def _is_recent(at: datetime | None, now: datetime, within: timedelta) -> bool:
    """Tell whether something was done recently; an instant that lies ahead is of before the clock was set back."""
    return at is not None and timedelta(0) <= now - at < within
