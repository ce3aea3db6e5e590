"""One daemon: its parts, how they start, how they stop.

It starts in the order in which calls flow and stops in the reverse order. On a stop it takes back what nobody has
begun; calls that are under way go on at their dialers, and their outcomes wait in Redis for the next start.
"""

import asyncio
import platform
from collections.abc import Callable, Collection
from contextlib import AsyncExitStack, suppress
from typing import Any

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.daemon.parts import assembled, opened
from dispatcher.daemon.triggers import Triggers
from dispatcher.errors import DispatcherError, NotFoundError, TransientError
from dispatcher.log import logger
from dispatcher.loops.from_hopper.outcomes import Outcomes, apply_pending
from dispatcher.loops.from_platform.doubts import Doubts
from dispatcher.loops.from_platform.orders import Orders
from dispatcher.loops.from_platform.sync import KIND, Sync
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.reap import Reap
from dispatcher.loops.in_hopper.reconcile import Reconcile
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.loops.in_hopper.tend import Tend
from dispatcher.loops.to_hopper.dispatch import Dispatch
from dispatcher.loops.to_platform.report import Report
from dispatcher.loops.upkeep.cleanup import Cleanup
from dispatcher.loops.upkeep.health import Health
from dispatcher.loops.upkeep.last_calls import LastCalls
from dispatcher.loops.upkeep.sole import Sole
from dispatcher.loops.upkeep.timezones import TimeZones
from dispatcher.mirror import attempts, brakes, campaigns, record
from dispatcher.mirror.lock import hold_dispatching
from dispatcher.model.attempt import UNBEGUN
from dispatcher.model.brakes import Scope
from dispatcher.reports.finding import find_campaign
from dispatcher.reports.parts import Part
from dispatcher.rules import conditions, zones
from dispatcher.rules.last_call import guard
from dispatcher.settings import Settings

log = logger(__name__)

_ALIVE_S = 15.0
"""The event loop is alive if its heartbeat is younger than this."""


_NAMED = 3
"""So many phones are named in a sentence."""


class Daemon:
    """Everything that runs in one process."""

    def __init__(self, settings: Settings, clock: Clock, deposed: Callable[[str], None]) -> None:
        self.settings = settings
        self.clock = clock
        self.triggers = Triggers(clock, deposed)
        self._stack = AsyncExitStack()
        self._beat_at = clock.monotonic()

    async def start(self) -> None:
        """Start every part, in order; what had started is stopped again if a later part cannot."""
        try:
            await self._start()
        except BaseException:
            await self._stack.aclose()
            raise

    async def _start(self) -> None:
        settings, clock = self.settings, self.clock
        source = zones.use_newest()
        log.info("starting", tzdata=source.version, tzdata_origin=source.origin)
        account = settings.api.require()
        database = await opened(settings, self._stack)
        running = await hold_dispatching(database)
        self._stack.callback(running.release)
        self.triggers.add(Sole(running))
        epoch = await database.write(record.begin_epoch, platform.node(), clock.now())
        api = Platform(
            account.base_url, account.token.get_secret_value(), account.timeout, clock, ca_file=account.ca_file
        )
        self.context = assembled(settings, clock, database, api, self._stack, epoch=epoch, nudge=self.triggers.nudge)
        await self._recall()
        self._add_loops()
        await self._go_on()
        await self.dispatch.resume()
        self.triggers.start(self._each_beat)
        self._stack.push_async_callback(self._stop_loops)
        log.info("started", epoch=epoch, database=database.name)

    async def _recall(self) -> None:
        """Take up what an earlier daemon left in the mirror."""
        context = self.context
        context.book.brakes = await context.database.read(brakes.current)
        last = await context.database.read(record.last_pass, KIND, ok=True)
        context.book.synced_at = last.started_at if last else None
        context.book.orders_synced_at = await context.database.read(campaigns.orders_synced_at)
        context.book.orders_seen_at = await context.database.read(campaigns.orders_seen_at)

    async def _go_on(self) -> None:
        """Dial by the mirror at once if it is as young as when no dispatcher had died; else a pass comes first."""
        if conditions.stale(self.context.book.synced_at, self.clock.now(), self.settings.sync.interval) is None:
            await self.sync.load()

    def _add_loops(self) -> None:
        context = self.context
        self.custody = Custody(context)
        self.sync, self.orders = Sync(context), Orders(context)
        self.dispatch, self.tend = Dispatch(context, self.custody), Tend(context, self.custody)
        loops = (
            *(self.custody, Health(context, self.custody), self.sync, self.orders, self.dispatch),
            *(
                self.tend,
                Outcomes(context, self.custody.sure),
                Reap(context, self.custody),
                Reconcile(context, self.custody),
                Doubts(context),
                TimeZones(context),
                LastCalls(context),
                Report(context),
                Cleanup(context),
            ),
        )
        for loop in loops:
            self.triggers.add(loop)

    def _each_beat(self) -> None:
        self._beat_at = self.clock.monotonic()

    def reload(self, settings: Settings) -> None:
        """Take new settings into use, except for those that a connection was made with."""
        self.settings = settings
        self.context.settings = settings
        self.context.book.max_staleness = settings.sync.max_staleness
        self.context.book.guard, self.context.book.guards = guard(settings.schedule.last_call_before_close, ()), {}
        self.context.book.stir()
        for name in ("timezones", "last_calls", "sync", "orders", "tend", "dispatch"):
            self.triggers.nudge(name)

    async def stop(self) -> None:
        """Stop every part in reverse, within `daemon.stop_timeout`."""
        try:
            async with asyncio.timeout(self.settings.daemon.stop_timeout.total_seconds()):
                await self._stack.aclose()
        except TimeoutError:
            log.warning("not everything stopped in time; what was left undone is settled at the next start")

    async def _stop_loops(self) -> None:
        await self.triggers.stop()
        try:
            await self._take_all_back()
        except DispatcherError as fault:
            # Without its dispatcher every document expires within the lease, so nothing can be begun that should not.
            log.warning("calls were not taken back", fault=str(fault))

    async def _take_all_back(self) -> None:
        context = self.context
        live = await context.database.read(attempts.live)
        unbegun = [(attempt, "dispatcher_stopped") for attempt in live if attempt.state in UNBEGUN]
        taken = await take_back(context, self.custody, unbegun)
        for phone in {attempt.phone for attempt in live}:
            await apply_pending(context, phone, self.custody.sure)
        log.info("stopped", taken_back=taken, under_way=len(live) - taken)

    # What the HTTP side asks for.

    def alive(self) -> bool:
        """Tell whether the event loop still turns."""
        return self.clock.monotonic() - self._beat_at < _ALIVE_S

    async def answers(self) -> None:
        """Return once the database answers or says why not; it hangs as long as the database does."""
        with suppress(DispatcherError):
            await self.context.database.read(record.current)

    def health(self) -> dict[str, Part]:
        """Return each part with its state: whether it is well, and a sentence if it is not."""
        now = self.clock.now()
        faults = self.triggers.faults()
        parts: dict[str, Part] = {
            "mirror": _part(self.context.book.synced_at is not None, "the platform has not been read yet"),
            "platform": _part("sync" not in faults, faults.get("sync", "")),
            "hopper": _part(self.context.book.hopper is None and "custody" not in faults, faults.get("custody", "")),
        }
        if self.custody.recovering:
            parts["hopper"] = _part(False, _settling(self.custody.recovering))
        elif self.custody.silent:
            parts["hopper"] = _part(False, self.custody.silent)
        held, lost = self.context.book.held
        parts["uncertain"] = {"ok": True, "detail": _held(held, lost) if held else ""}
        for reason in self.context.book.conditions(now):
            parts[reason.code.value] = _part(False, reason.detail)
        parts["loops"] = _part(not faults, "; ".join(f"{name}: {fault}" for name, fault in sorted(faults.items())))
        return parts

    async def pause(self, scope: Scope, target: str | None, reason: str) -> bool:
        """Put a brake on, and let it act at once. NotFoundError if there is no such thing."""
        self._known(scope, target)
        placed = await self.context.database.write(brakes.place, scope, target, reason, self.clock.now())
        # A turn of `tend` that runs may take its time, and until the next nothing else would know of the brake.
        await self.tend.heed_brakes()
        self.triggers.nudge("tend")
        return placed

    async def resume(self, scope: Scope, target: str | None) -> bool:
        """Take a brake off. NotFoundError if there is no such thing."""
        self._known(scope, target)
        lifted = await self.context.database.write(brakes.lift, scope, target, self.clock.now())
        self.triggers.nudge("tend")
        return lifted

    def _known(self, scope: Scope, target: str | None) -> None:
        plans = self.context.book.plans
        phones = {plan.campaign.phone for plan in plans.values()}
        if scope is Scope.CAMPAIGN and target not in plans:
            raise NotFoundError(f"there is no campaign {target}")
        if scope is Scope.PHONE and target not in phones:
            raise NotFoundError(f"no campaign uses a phone {target}")

    async def request_sync(self, campaign: str | None = None) -> dict[str, Any]:
        """Make a pass over campaigns and phones now; the orders follow, those of a campaign that is named at once.

        NotFoundError without such a campaign, TransientError if its orders cannot be read to the end.
        """
        counts = await self.sync.run_pass()
        if campaign is not None:
            its = await self.context.database.read(find_campaign, campaign)
            orders = Orders(self.context)
            counts["orders"] = await orders.run_pass(its.uuid)
            if orders.fault is not None:
                raise TransientError(orders.fault)
        self.triggers.nudge("orders")
        return {kind: one.document() for kind, one in counts.items()}


def _part(ok: bool, fault: str) -> Part:
    return {"ok": ok, "detail": "" if ok else fault}


def _settling(phones: Collection[str]) -> str:
    some = ", ".join(sorted(phones)[:_NAMED]) + (" and others" if len(phones) > _NAMED else "")
    return (
        f"Redis has forgotten {len(phones)} of its queues, or somebody has changed their keys ({some}):"
        " they are made anew when hopper.lease has passed"
    )


def _held(held: int, lost: int) -> str:
    return (
        f"{held} calls are held because nobody knows what became of them, {lost} of them after a loss of Redis:"
        " `dispatcher jobs --state uncertain` lists them, `dispatcher job release` and `close` decide"
    )
