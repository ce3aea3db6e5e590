"""Taking calls back, and writing down what that has shown."""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta

from dispatcher import metrics
from dispatcher.errors import LostHopperError
from dispatcher.hopper import keys
from dispatcher.hopper.queue import Finding
from dispatcher.loops.context import Context
from dispatcher.loops.custody import Custody
from dispatcher.mirror import attempts
from dispatcher.mirror.attempts import OBSERVED, Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State

_CHUNK = 100
"""Jobs in one script: far below the 5 ms for which a script may hold up Redis."""

_REMEMBERED = timedelta(milliseconds=keys.SEEN_MS) - timedelta(minutes=10)
"""An intent younger than this of which Redis knows nothing never entered the stream."""


_PROVES = {Finding.TAKEN: State.REVOKED, Finding.LAPSED: State.EXPIRED}
"""The findings that prove that nobody began the call, and what it ends as; any other leaves that open."""


async def take_back(context: Context, custody: Custody, withdrawn: Sequence[tuple[Attempt, str]]) -> int:
    """Take calls back, each for its reason; return how many orders that has freed.

    A call that turns out to have been claimed is noted as begun: nothing proves that it was not.
    """
    freed = 0
    by_phone: dict[str, list[tuple[Attempt, str]]] = {}
    for attempt, why in withdrawn:
        by_phone.setdefault(attempt.phone, []).append((attempt, why))
    for phone, all_of_phone in by_phone.items():
        if not await custody.hold(phone):
            continue
        for start in range(0, len(all_of_phone), _CHUNK):
            some = all_of_phone[start : start + _CHUNK]
            now = context.clock.now()
            jobs = {one.job: one.state is State.INTENT and now - one.created_at < _REMEMBERED for one, _ in some}
            try:
                findings = await context.queue.take_back(phone, jobs)
            except LostHopperError:
                custody.lose(phone)
                break
            freed += await context.database.write(_write_down, some, findings, now)
    if freed:
        context.book.stir(*{attempt.campaign for attempt, _ in withdrawn})
        context.nudge("dispatch")
    return freed


def _write_down(
    connection: Connection, withdrawn: Sequence[tuple[Attempt, str]], findings: Mapping[str, Finding], now: datetime
) -> int:
    freed = 0
    for attempt, why in withdrawn:
        finding = findings[attempt.job]
        if finding in _PROVES:
            if attempts.give_back(connection, attempt.job, attempt.order, _PROVES[finding], why, now):
                freed += 1
                metrics.TAKEN_BACK.labels(why).inc()
        else:
            attempts.begun(connection, attempt.job, OBSERVED, now)
    return freed
