"""Hopper to mirror: what became of the calls.

A report is applied by conditional updates on the attempt's state, and removed from its stream after that has been
committed. So it is applied once, however often it is delivered or read.
"""

import re
from collections import Counter
from collections.abc import Awaitable, Callable, Collection, Mapping, Sequence
from contextlib import suppress
from datetime import datetime

from dispatcher import metrics
from dispatcher.errors import TransientError
from dispatcher.hopper.outcomes import Report
from dispatcher.log import logger
from dispatcher.loops.context import Context
from dispatcher.mirror import attempts, dead_letters, do_not_call, order_reports, orders
from dispatcher.mirror.attempts import WORKER, Attempt
from dispatcher.mirror.database import Connection
from dispatcher.mirror.slots import Ended
from dispatcher.model.attempt import LOST, State
from dispatcher.model.dead_letter import Reason, closing
from dispatcher.model.outcome import BEGUN, Outcome, outcome
from dispatcher.rules.plan import Plan
from dispatcher.rules.retry import RetryPolicy, after

log = logger(__name__)

_BLOCK_S = 1.0


class Outcomes:
    """Reads what workers report, blocking, and applies it."""

    name = "outcomes"

    def __init__(self, context: Context, sure: Callable[[str], Awaitable[bool]]) -> None:
        self._context = context
        self._sure = sure
        self._named: list[str] = []

    async def run_once(self) -> float:
        """Wait for reports on the phones that may have any, and apply them."""
        context = self._context
        # The server that holds the set may be the only one that does not answer; if none does, the read says so.
        with suppress(TransientError):
            self._named = await context.watch.phones()
        # A Redis that has forgotten its phones still takes the reports of calls that were begun before.
        phones = sorted({*self._named, *await context.database.read(attempts.held_phones)})
        if not phones:
            return _BLOCK_S
        reports = await context.outcomes.wait(phones, _BLOCK_S)
        if reports:
            gone = {report.phone for report in reports if report.word == Outcome.GONE}
            await _take_in(context, reports, {phone for phone in gone if await self._sure(phone)})
        return 0.0


async def apply_pending(context: Context, phone: str, sure: Callable[[str], Awaitable[bool]]) -> None:
    """Apply all that one phone's stream holds now; `sure` tells whether Redis is known to have forgotten nothing."""
    while reports := await context.outcomes.pending(phone):
        # Asked after they were read: another server may have taken over just before, and it may be who reports.
        await _take_in(context, reports, {phone} if await sure(phone) else set())


async def _take_in(context: Context, reports: Sequence[Report], sure: Collection[str]) -> None:
    now = context.clock.now()
    plans, owing = context.book.plans, context.settings.report.orders
    judged = await context.database.write(apply, reports, sure, context.retry_policy(), plans, now, owing=owing)
    applied = Counter(word for _, word in judged)
    if _tell_breakers(context, judged, now):
        # What waits for a dialer on a phone that rests now is taken back.
        context.nudge("tend")
    await context.outcomes.drop(reports)
    for word, number in applied.items():
        if word.startswith(_REFUSED):
            metrics.REPORTS_REFUSED.labels(word.removeprefix(_REFUSED)).inc(number)
            log.warning("reports of workers changed nothing", why=word.removeprefix(_REFUSED), reports=number)
        elif word != BEGUN:
            metrics.OUTCOMES.labels(word).inc(number)
    if context.settings.report.orders:
        context.nudge("report")
    if Outcome.DO_NOT_CALL.value in applied:
        # The report may be a late one, and the person in the queue of another campaign by now.
        context.nudge("tend")
    # A slot may be free, and an order due again.
    context.book.stir()
    context.nudge("dispatch")


def _tell_breakers(context: Context, judged: Sequence[tuple[Attempt | None, str]], now: datetime) -> bool:
    """Tell of the calls that have ended; return whether any phone or assistant is to be used otherwise from now on."""
    policy, plans = context.settings.breaker.policy(), context.book.plans
    if policy is None:
        return False
    return context.book.breakers.heard(
        policy,
        (
            Ended(one.phone, plan.campaign.assistant if plan else None, one.created_at, now, word)
            for one, word in judged
            if one is not None and word in _ENDS
            for plan in (plans.get(one.campaign),)
        ),
    )


_ENDS = frozenset(Outcome) - {Outcome.GONE}

_REFUSED = "refused: "

_ENTRY = re.compile(r"[0-9]{1,19}-[0-9]{1,19}")

_BY = "dispatcher"
"""Who puts a number on the do-not-call list when a dialer says that the person asked for it."""


def apply(
    connection: Connection,
    reports: Sequence[Report],
    sure: Collection[str],
    policy: RetryPolicy,
    plans: Mapping[str, Plan],
    now: datetime,
    *,
    owing: bool = False,
) -> list[tuple[Attempt | None, str]]:
    """Apply reports in one transaction; return for each the attempt as it was before, and its outcome or its refusal.

    `sure` holds the phones whose queues are known to be whole, so that `gone` proves something there. `plans` holds the
    campaigns, by uuid, whose hours the wait for a next attempt may depend on. With `owing` it is noted that the
    platform is to be told how the orders' calls have ended.
    """
    jobs = Counter(report.job for report in reports)
    known = attempts.by_job(connection, jobs)
    judged: list[tuple[Attempt | None, str]] = []
    for report in reports:
        attempt = known.get(report.job)
        word = _apply_one(connection, report, attempt, report.phone in sure, policy, plans, now)
        judged.append((attempt, word))
        if attempt is not None and jobs[report.job] > 1:
            # What one report did, the next one of the same call must see.
            known.update(attempts.by_job(connection, [report.job]))
    if owing:
        ended = {one.order: Outcome(word) for one, word in judged if one is not None and word in _ENDS}
        order_reports.owe(connection, ended, now)
    return judged


def _apply_one(
    connection: Connection,
    report: Report,
    attempt: Attempt | None,
    sure: bool,
    policy: RetryPolicy,
    plans: Mapping[str, Plan],
    now: datetime,
) -> str:
    if attempt is None:
        _keep(connection, report, Reason.UNKNOWN_JOB if report.job else Reason.MALFORMED, now)
        return _REFUSED + ("unknown job" if report.job else "malformed")
    if report.word == BEGUN:
        entry = report.entry if report.entry is not None and _ENTRY.fullmatch(report.entry) else None
        attempts.begun(connection, attempt.job, WORKER, now, entry)
        return BEGUN
    result = outcome(report.word)
    if result is Outcome.GONE:
        return _gone(connection, report, attempt, sure, now)
    if result is Outcome.DO_NOT_CALL:
        # A no counts even after another outcome, or when it is not known that the call was begun.
        do_not_call.add(connection, {attempt.number: f"asked for it in call {attempt.job}"}, _BY, now)
    finished = attempts.finish(
        connection,
        attempt.job,
        result.value,
        word=report.word,
        detail=report.detail,
        call_id=report.call_id,
        at=now,
    )
    if not finished:
        # Read anew: on PostgreSQL another loop may have applied the same report while this one waited for the row.
        state = attempts.by_job(connection, [attempt.job])[attempt.job].state
        if state is State.FINISHED:
            return _REFUSED + "repeated"
        _keep(connection, report, Reason.TAKEN_BACK, now, attempt.campaign)
        return _REFUSED + f"attempt is {state}"
    follows = after(result, attempt.ordinal, now, policy, plans.get(attempt.campaign))
    orders.spend(connection, attempt.order, attempt.job, closed_as=follows.closed_as, retry_at=follows.retry_at, at=now)
    if follows.closed_as is not None and (dead := closing(report.word)) is not None:
        dead_letters.keep(
            connection,
            attempt.job,
            dead,
            phone=attempt.phone,
            words=report.words(),
            at=now,
            job=attempt.job,
            order=attempt.order,
            campaign=attempt.campaign,
            detail=report.detail,
        )
    return result.value


def _keep(connection: Connection, report: Report, reason: Reason, now: datetime, campaign: str | None = None) -> None:
    """Keep an outcome that nothing can be done with, for a person to look at."""
    if report.word not in {BEGUN, Outcome.GONE}:
        dead_letters.keep(
            connection,
            f"{report.phone} {report.id}",
            reason,
            phone=report.phone,
            words=report.words(),
            at=now,
            job=report.job or None,
            campaign=campaign,
            detail=report.detail,
        )


def _gone(connection: Connection, report: Report, attempt: Attempt, sure: bool, now: datetime) -> str:
    """Apply `gone`: from the worker that claimed the entry it proves that nobody began the call."""
    if report.entry is None:
        return _REFUSED + "gone without entry"
    if attempt.entry is not None and attempt.entry != report.entry:
        return _REFUSED + "gone for another entry"
    if attempt.begun_by == WORKER:
        return _REFUSED + "gone after begun"
    if attempt.why == LOST or not sure:
        return _REFUSED + "gone after a loss of the hopper"
    freed = attempts.give_back(
        connection, attempt.job, attempt.order, State.EXPIRED, "it was gone when a worker came for it", now
    )
    return Outcome.GONE.value if freed else _REFUSED + f"gone when attempt is {attempt.state}"
