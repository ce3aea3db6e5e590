"""SQL and hopper, compared both ways: what is provable is repaired, by the same steps as ever, the rest is held."""

from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum

from dispatcher import metrics
from dispatcher.errors import LostHopperError
from dispatcher.hopper.queue import Finding as Word
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.loops.from_hopper.outcomes import apply_pending
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.mirror import attempts, campaigns, comparison, orders
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State
from dispatcher.model.outcome import outcome
from dispatcher.rules.reconcile import Finding, Kind, compare
from dispatcher.rules.retry import after

log = logger(__name__)

WHY = "reconciled"
"""Why calls are taken back that SQL believes to be queued and Redis has no entry for."""


class Done(StrEnum):
    """What became of a finding."""

    REPAIRED = "repaired"
    HELD = "held"
    FOUND = "found"


@dataclass(frozen=True, slots=True)
class Result:
    """A finding, what was done about it, and a sentence on why no more."""

    finding: Finding
    done: Done
    detail: str = ""


class Reconcile:
    """Compares and repairs, at the start and every few minutes."""

    name = "reconcile"

    def __init__(self, context: Context, custody: Custody) -> None:
        self._context = context
        self._custody = custody

    async def run_once(self) -> float:
        """Compare, repair, and say what was done."""
        results = await self.repair(await self.compare())
        for (kind, done), number in Counter((one.finding.kind, one.done) for one in results).items():
            metrics.RECONCILED.labels(kind.value, done.value).inc(number)
            log.warning("SQL and Redis differed", kind=kind.value, done=done.value, findings=number)
        return self._context.settings.hopper.reconcile_interval.total_seconds()

    async def compare(self) -> list[Finding]:
        """Return how SQL and Redis differ; nothing is changed."""
        context = self._context
        listed = await context.watch.phones()
        known, held = await context.database.read(_phones)
        looked_at = context.clock.now()
        inventory = context.watch.inventory()
        lanes = await inventory.lanes({*listed, *known, *held}, listed)
        jobs = {entry.job for lane in lanes for entry in lane.entries} | {
            job for lane in lanes for job in lane.reported
        }
        findings = compare(await context.database.read(comparison.truth, jobs), lanes, looked_at)
        # A call that ended between the two looks has no entry any more.
        doubtful = {one.phone for one in findings if one.entry is not None and one.phone is not None}
        again = await inventory.lanes(doubtful, listed) if doubtful else []
        there = {entry.id for lane in again for entry in lane.entries}
        return [one for one in findings if one.entry is None or one.entry in there]

    async def repair(self, findings: Sequence[Finding]) -> list[Result]:
        """Do about each finding what its evidence allows."""
        return [await self._mend(finding) for finding in findings]

    async def _mend(self, finding: Finding) -> Result:
        try:
            held = await self._try(finding)
        except LostHopperError as lost:
            self._custody.lose(lost.phone)
            held = _LOST
        return Result(finding, Done.HELD, held) if held else Result(finding, Done.REPAIRED)

    async def _try(self, finding: Finding) -> str | None:
        """Mend one difference; return a sentence on what keeps it from being mended, None if nothing does."""
        context = self._context
        match finding:
            case Finding(Kind.ORDER_OF_ENDED_JOB, _, str(job), str(order)):
                await context.database.write(self._let_go, order, job, context.clock.now())
                return None
            case Finding(Kind.JOB_WITHOUT_ITS_ORDER, _, str(job), str(order)):
                held = await context.database.write(comparison.hold_order, order, job)
                return None if held else "the mirror has no such order, or another call holds it"
            case Finding(phone=str(phone)):
                return await self._try_queue(finding, phone) if await self._custody.still_there(phone) else _LOST
        return "the call that holds this order is not known: nobody can tell what became of it"

    async def _try_queue(self, finding: Finding, phone: str) -> str | None:
        """Mend a difference in a queue that is there: to look at an unlisted one has listed it."""
        context = self._context
        match finding:
            case Finding(Kind.ENTRY_OF_UNKNOWN_JOB | Kind.ENTRY_OF_ENDED_JOB, _, str(job), _, str(entry)):
                return await self._remove(finding.kind, phone, job, entry)
            case Finding(Kind.REPORT_OF_UNKNOWN_JOB):
                await apply_pending(context, phone, sure=self._custody.sure)
            case Finding(Kind.CALL_WITHOUT_ENTRY, _, str(job)):
                found = await context.database.read(attempts.by_job, [job])
                await take_back(context, self._custody, [(one, WHY) for one in found.values()])
            case Finding(Kind.STRAY_PHONE):
                return await self._sweep(phone)
        return None

    async def _remove(self, kind: Kind, phone: str, job: str, entry: str) -> str | None:
        """Take an entry away, and the document that it leads to; what a dialer may have begun is left to its report."""
        words = await self._context.queue.take_back(phone, {job: False})
        if kind is Kind.ENTRY_OF_UNKNOWN_JOB and words[job] is Word.CLAIMED:
            return "a dialer has claimed this call, of which the mirror knows nothing, and may be placing it"
        await self._context.watch.forget(phone, [entry])
        return None

    async def _sweep(self, phone: str) -> str | None:
        if not await self._context.queue.sweep(phone):
            return "it has a call or a report again"
        self._custody.release(phone)
        await self._context.watch.inventory().unlist(phone)
        return None

    def _let_go(self, connection: Connection, order: str, job: str, now: datetime) -> None:
        """Let an order go on from the attempt that held it, by how that has ended."""
        [attempt] = attempts.by_job(connection, [job]).values()
        if attempt.state is not State.FINISHED or attempt.outcome is None:
            orders.free(connection, order, job)
            return
        plan = self._context.book.plans.get(attempt.campaign)
        follows = after(outcome(attempt.outcome), attempt.ordinal, now, self._context.retry_policy(), plan)
        orders.spend(connection, order, job, closed_as=follows.closed_as, retry_at=follows.retry_at, at=now)


_LOST = "Redis has forgotten this queue, or it is not known to be the same: it is settled when hopper.lease has passed"


def _phones(connection: Connection) -> tuple[set[str], set[str]]:
    return set(campaigns.load(connection)[1]), attempts.held_phones(connection)
