"""Platform to mirror: campaigns and phones.

Phones and active campaigns are read in every pass; all campaigns in every few, if there are more than one page of them.
"""

import asyncio
from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any

from dispatcher import metrics
from dispatcher.api import parse
from dispatcher.api.client import PAGE_SIZE
from dispatcher.api.sheets import Sheets, Told
from dispatcher.api.transport import RefusedError
from dispatcher.errors import PermanentError, TransientError
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_platform.counts import Counts
from dispatcher.loops.from_platform.lint import Lint
from dispatcher.loops.from_platform.reading import Kind, Made, Reader, TooMuchMissingError
from dispatcher.mirror import campaigns, record
from dispatcher.mirror.lock import Alone, alone
from dispatcher.mirror.record import Pass
from dispatcher.model.campaign import CampaignStatus
from dispatcher.rules.plan import make_plans
from dispatcher.settings import durations

log = logger(__name__)

KIND = "campaigns"
"""The kind of pass that decides how old the mirror is; it reads phones too."""

_ACTIVE = {"status": CampaignStatus.ACTIVE.value}


class Sync:
    """Reads campaigns and phones, and writes what has changed.

    With `accept_removals` the platform is believed however much it says is gone, each thing confirmed by name. `told`
    hears of each page.
    """

    name = "sync"

    def __init__(self, context: Context, *, accept_removals: bool = False, told: Told | None = None) -> None:
        platform = context.platform
        self._context = context
        self._accept_removals = accept_removals
        self._phones = Kind("phones", parse.phone, platform.phone)
        self._campaigns = Kind("campaigns", parse.campaign, platform.campaign)
        self._all_phones = Sheets(platform, "phones", "phones", {}, told)
        self._all_campaigns = Sheets(platform, "campaigns", "campaigns", {}, told)
        self._active_campaigns = Sheets(platform, "campaigns", "campaigns", _ACTIVE, told)
        self._read_all_at: datetime | None = None
        self._loaded: tuple[object, ...] | None = None
        self._lint = Lint(context)

    async def run_once(self) -> float:
        """Make one pass; a failed one leaves the mirror older."""
        await self.run_pass()
        return self._context.settings.sync.interval.total_seconds()

    async def run_pass(self) -> dict[str, Counts]:
        """Make one pass and return what it did to each kind; one that is asked for during another comes after it.

        Of two passes at once, the one that read first might write last, and undo a pause that the other has brought.
        """
        async with alone(self._context.database, Alone.SYNC, self._context.clock):
            return await self._pass()

    async def _pass(self) -> dict[str, Counts]:
        context = self._context
        most = context.settings.sync.pass_timeout
        started, since = context.clock.now(), context.clock.monotonic()
        made = {"phones": Made(), "campaigns": Made()}
        fault: str | None = "the pass was broken off"
        try:
            async with asyncio.timeout(most.total_seconds()):
                await self._reader(self._phones, made).read(self._all_phones)
                await self._read_campaigns(made, started)
            fault = None
        except TimeoutError as found:
            fault = f"the platform was not read within sync.pass_timeout ({durations.text(most)})"
            raise TransientError(fault) from found
        except (TransientError, PermanentError) as found:
            fault = str(found)
            raise
        finally:
            await self._write_down(made, started, context.clock.monotonic() - since, fault)
            if fault is not None and any(one.touched for one in made.values()):
                # What was read before the fault holds: a pause must not wait for a pass that succeeds.
                await self.load()
        was_stale = bool(context.book.conditions(context.clock.now()))
        context.book.synced_at = started
        await self.load()
        if was_stale:
            context.nudge("health")
            context.nudge("dispatch")
        await self._lint.review()
        return {kind: one.counts for kind, one in made.items()}

    def _reader(self, kind: Kind, made: Mapping[str, Made]) -> Reader:
        return Reader(self._context, kind, made[kind.name], accept_removals=self._accept_removals)

    async def _read_campaigns(self, made: dict[str, Made], started: datetime) -> None:
        """Read the active campaigns, or all of them where that is as little or it is time to."""
        if not self._is_time_for_all(started):
            try:
                return await self._reader(self._campaigns, made).read(self._active_campaigns, campaigns.lacking)
            except (TooMuchMissingError, RefusedError) as found:
                log.info("all campaigns are read", why=str(found))
        self._read_all_at = None  # if this one fails, the next pass is to read all of them too
        await self._reader(self._campaigns, made).read(self._all_campaigns)
        self._read_all_at = started
        return None

    def _is_time_for_all(self, now: datetime) -> bool:
        if self._accept_removals or self._read_all_at is None or self._all_campaigns.total <= PAGE_SIZE:
            return True
        # One that lies ahead was made before the clock was set back.
        return not timedelta(0) <= now - self._read_all_at < self._context.settings.sync.whole_interval

    async def _write_down(self, made: Mapping[str, Made], started: datetime, seconds: float, fault: str | None) -> None:
        documents: dict[str, Any] = {kind: one.counts.document() for kind, one in made.items()}
        done = Pass(KIND, started, seconds, fault is None, documents, fault)
        changes = [change for one in made.values() for change in one.changes]
        await self._context.database.write(record.add_pass, done, changes)
        metrics.SYNC_PASSES.labels(KIND, str(done.ok).lower()).inc()
        metrics.SYNC_SECONDS.labels(KIND).observe(seconds)
        for kind, one in made.items():
            metrics.SYNC_REFUSED.labels(kind).set(one.counts.refused)
            if one.touched:
                counts = one.counts
                log.info(
                    "mirror changed", kind=kind, added=counts.added, changed=counts.changed, removed=counts.removed
                )

    async def load(self) -> None:
        """Take what the mirror holds into the book, if it has changed since."""
        context = self._context
        version = await context.database.read(campaigns.version)
        if version != self._loaded:
            found, phones = await context.database.read(campaigns.load)
            days_off = context.settings.schedule.blackout_dates
            context.book.note_imports(await context.database.read(campaigns.orders_imported_at))
            context.book.replace(make_plans(found.values(), phones, days_off), context.clock.now())
            self._loaded = version
            context.nudge("tend")
            context.nudge("last_calls")
            context.nudge("orders")
            context.nudge("dispatch")
