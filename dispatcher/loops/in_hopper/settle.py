"""Taking calls back, and writing down what that has shown."""

import asyncio
from collections.abc import Sequence
from datetime import datetime, timedelta

from dispatcher import metrics
from dispatcher.errors import LostHopperError
from dispatcher.hopper import keys
from dispatcher.hopper.queue import Finding
from dispatcher.loops.context import Context
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.mirror import attempts
from dispatcher.mirror.attempts import OBSERVED, Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State

_CHUNK = 100
"""Jobs in one script: far below the 5 ms for which a script may hold up Redis."""

_PHONES_AT_ONCE = 20

_REMEMBERED = timedelta(milliseconds=keys.SEEN_MS) - timedelta(minutes=10)
"""An intent younger than this of which Redis knows nothing never entered the stream."""

_Found = tuple[Attempt, str, Finding]
"""A call, why it is taken back, and what that has shown."""

_PROVES = {Finding.TAKEN: State.REVOKED, Finding.LAPSED: State.EXPIRED}
"""The findings that prove that nobody began the call, and what it ends as; any other leaves that open."""


async def take_back(context: Context, custody: Custody, withdrawn: Sequence[tuple[Attempt, str]]) -> int:
    """Take calls back, each for its reason; return how many orders that has freed.

    A call that turns out to have been claimed is noted as begun: nothing proves that it was not.
    """
    by_phone: dict[str, list[tuple[Attempt, str]]] = {}
    for attempt, why in withdrawn:
        by_phone.setdefault(attempt.phone, []).append((attempt, why))
    # The documents of all phones first, several phones at once: a pause of everything must act within a second, and
    # what the scripts have found they find again, should nobody live to write it down.
    room = asyncio.Semaphore(_PHONES_AT_ONCE)
    found: list[_Found] = []
    faults = await asyncio.gather(
        *(_of_phone(context, custody, phone, some, room, found) for phone, some in by_phone.items()),
        return_exceptions=True,
    )
    if found:
        # Asked afterwards: a stale replica that has just taken over would say of a begun call that nobody has read it.
        sure = await custody.sure_of({attempt.phone for attempt, _, _ in found})
        found = [one for one in found if one[0].phone in sure]
    freed = await context.database.write(_write_down, found, context.clock.now()) if found else 0
    if freed:
        context.book.stir(*{attempt.campaign for attempt, _ in withdrawn})
        context.nudge("dispatch")
    for fault in faults:
        if fault is not None:
            raise fault
    return freed


async def _of_phone(
    context: Context,
    custody: Custody,
    phone: str,
    withdrawn: Sequence[tuple[Attempt, str]],
    room: asyncio.Semaphore,
    found: list[_Found],
) -> None:
    """Take back the calls of one phone, and add to `found` what that has shown of each."""
    async with room:
        if not await custody.hold(phone):
            return
        for start in range(0, len(withdrawn), _CHUNK):
            some = withdrawn[start : start + _CHUNK]
            now = await _time(context) if any(one.state is State.INTENT for one, _ in some) else context.clock.now()
            jobs = {
                one.job: one.entry or (one.state is State.INTENT and now - one.created_at < _REMEMBERED)
                for one, _ in some
            }
            try:
                findings = await context.queue.take_back(phone, jobs)
            except LostHopperError:
                custody.lose(phone)
                return
            found += [(one, why, findings[one.job]) for one, why in some]


async def _time(context: Context) -> datetime:
    """Return the instant on Redis's clock, by which it forgets: the host's may have been stepped a moment ago."""
    return max(await context.watch.times(), default=context.clock.now())


def _write_down(connection: Connection, found: Sequence[_Found], now: datetime) -> int:
    freed = 0
    for attempt, why, finding in found:
        if finding in _PROVES:
            if attempts.give_back(connection, attempt.job, attempt.order, _PROVES[finding], why, now):
                freed += 1
                metrics.TAKEN_BACK.labels(why).inc()
        else:
            attempts.begun(connection, attempt.job, OBSERVED, now)
    return freed
