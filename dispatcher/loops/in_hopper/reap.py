"""Hopper: calls that were claimed or begun, and then silence."""

from datetime import datetime

from dispatcher import metrics
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_hopper.outcomes import apply_pending
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.mirror import attempts
from dispatcher.mirror.attempts import Attempt
from dispatcher.model.attempt import State

log = logger(__name__)

SILENT = "begun, and nothing was heard of it for hopper.call_timeout"
_LONGEST_TURN_S = 10.0


class Reap:
    """Takes back what was claimed and not begun, and gives up on what was begun and never ended."""

    name = "reap"

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody

    async def run_once(self) -> float:
        """Look at every phone with live attempts."""
        context = self._context
        by_phone: dict[str, list[Attempt]] = {}
        for attempt in await context.database.read(attempts.live):
            by_phone.setdefault(attempt.phone, []).append(attempt)
        for phone, live in by_phone.items():
            if await self._custody.still_there(phone):
                await self._claimed(phone, live)
                await self._begun(phone, live, context.clock.now())
        return min(_LONGEST_TURN_S, context.settings.hopper.claim_timeout.total_seconds() / 3)

    async def _claimed(self, phone: str, live: list[Attempt]) -> None:
        """Take back calls whose claimer has not begun them in time, the way it would have taken them."""
        idle = await self._context.watch.idle(phone, self._context.settings.hopper.claim_timeout)
        stuck = [
            (attempt, "claimed_and_not_begun")
            for attempt in live
            if attempt.state is State.QUEUED and attempt.entry in idle
        ]
        if stuck:
            await take_back(self._context, self._custody, stuck)

    async def _begun(self, phone: str, live: list[Attempt], now: datetime) -> None:
        """Hold calls of which nothing was heard for too long; the person is not called again by itself."""
        context = self._context
        patience = context.settings.hopper.call_timeout
        dialing = [(attempt, attempt.begun_at) for attempt in live if attempt.state is State.DIALING]
        ahead = [attempt.job for attempt, begun_at in dialing if begun_at is not None and begun_at > now]
        if ahead:
            # Noted before the clock was set back: their time counts from now, or they were waited for until then.
            await context.database.write(attempts.begun_by_now, ahead, now)
        overdue = [attempt for attempt, begun_at in dialing if begun_at is not None and now - begun_at > patience]
        if not overdue:
            return
        # The dispatcher that queued a call may have died before it could note the entry.
        entries = await context.watch.entries(phone, [one.job for one in overdue if one.entry is None])
        entries |= {one.job: one.entry for one in overdue if one.entry is not None}
        # A worker that shows signs of life keeps its entry from being idle.
        silences = await context.watch.silences(phone, list(entries.values()))
        silent = [one.job for one in overdue if silences.get(entries.get(one.job, ""), patience) >= patience]
        if not silent:
            return
        await apply_pending(context, phone, self._custody.sure)
        # The entries first: nobody looks for those of a call in doubt, should this be cut off here.
        await context.watch.forget(phone, [entries[job] for job in silent if job in entries])
        doubted = await context.database.write(attempts.doubt, silent, SILENT, now)
        if doubted:
            metrics.UNCERTAIN.inc(len(doubted))
            log.warning("calls became uncertain", phone=phone, jobs=doubted)
            context.nudge("dispatch")
