"""Proving the promises over what happened: the telephone log on one side, SQL on the other.

It shares no rule with the dispatcher. Where the two sides cannot be compared to the millisecond it takes the side of
the dispatcher: a call lasts from when its document had come to when its dialer said that it ended.
"""

from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import Connection, select

from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import attempts, orders
from tests.fault.phone_log import Begun, Recorded

_HOLDING = {"intent", "queued", "dialing", "uncertain"}
_NEVER_BEGUN = {"revoked", "expired"}
_OUTCOMES = {
    *("completed", "busy", "no-answer", "voicemail", "failed", "invalid-number", "do-not-call", "canceled"),
}
_FORGOTTEN = "Redis had forgotten the queue"
_TELLING_S = 5.0
"""A report that Redis has confirmed is applied well within this, unless Redis forgets it first."""


@dataclass(frozen=True, slots=True)
class Pause:
    """From `known_at` + `within_s` until `lifted_at` (monotonic) no call of this campaign may be begun."""

    campaign: str
    known_at: float
    within_s: float
    lifted_at: float = float("inf")


@dataclass(slots=True)
class Facts:
    """What was done to a system while it ran; the checker takes none of it from the dispatcher. Times are monotonic."""

    concurrency: int
    rate: float
    shut: Callable[[str, int], bool] = lambda _campaign, _at_ms: False
    pauses: list[Pause] = field(default_factory=list)
    losses: list[float] = field(default_factory=list)  # when Redis had forgotten something, and was about to be used
    starts: list[float] = field(default_factory=list)  # of dispatchers
    kills: int = 0  # of dispatchers
    crashes: int = 0  # of workers, each of which may have left one call begun


@dataclass(slots=True)
class Verdict:
    """What was found; every list holds sentences, and must be empty."""

    attempts: int = 0
    begun: int = 0
    finished: int = 0
    uncertain: int = 0
    uncertain_after_loss: int = 0
    pauses: int = 0
    slowest_pause: float = 0.0  # when its last call was begun, as a share of the time in which that was allowed
    duplicates: list[str] = field(default_factory=list)
    lost: list[str] = field(default_factory=list)
    late: list[str] = field(default_factory=list)
    over_limit: list[str] = field(default_factory=list)
    wrong: list[str] = field(default_factory=list)

    def faults(self) -> list[str]:
        """Return everything that should not be."""
        return [*self.duplicates, *self.lost, *self.late, *self.over_limit, *self.wrong]


def check(recorded: Recorded, database: Database, facts: Facts) -> Verdict:
    """Hold the log against SQL, after everything has settled."""
    tried, ordered = database.run(_rows)
    verdict = Verdict(
        attempts=len(tried),
        begun=len(recorded.calls),
        finished=sum(one["state"] == "finished" for one in tried.values()),
    )
    _duplicates(recorded, verdict)
    _states(recorded, tried, facts, verdict)
    _held(tried, ordered, verdict)
    _late(recorded.calls, facts, verdict)
    by_phone: defaultdict[str, list[Begun]] = defaultdict(list)
    for call in recorded.calls:
        by_phone[call.phone].append(call)
    for phone, calls in by_phone.items():
        _concurrency(phone, calls, recorded.deaths, facts, verdict)
        _rate(phone, calls, facts, verdict)
    return verdict


def _rows(connection: Connection) -> tuple[dict[str, Mapping[str, Any]], dict[str, Mapping[str, Any]]]:
    names = ("job", "order", "phone", "entry", "state", "outcome", "why", "created_at", "begun_at", "begun_by")
    tried = connection.execute(select(*(attempts.c[name] for name in names))).mappings()
    ordered = connection.execute(select(orders.c.uuid, orders.c.attempts, orders.c.live_job)).mappings()
    return {row["job"]: dict(row) for row in tried}, {row["uuid"]: dict(row) for row in ordered}


def _duplicates(recorded: Recorded, verdict: Verdict) -> None:
    """No job begun twice; no order and no person called while an earlier call may still go on."""
    for job, times in Counter(call.job for call in recorded.calls).items():
        if times > 1:
            verdict.duplicates.append(f"job {job} was begun {times} times")
    last: dict[str, Begun] = {}
    for call in sorted(recorded.calls, key=lambda one: one.begun_at):
        for whom in (call.order, call.number):
            before = last.get(whom)
            if before is not None and before.job != call.job:
                if before.ended_at is None and whom == call.order:
                    verdict.duplicates.append(f"{whom} was begun by {call.job} although {before.job} never ended")
                elif before.ended_at is not None and before.ended_at > call.begun_at:
                    verdict.duplicates.append(f"{whom} was begun by {call.job} before {before.job} had ended")
            last[whom] = call


def _states(recorded: Recorded, tried: Mapping[str, Mapping[str, Any]], facts: Facts, verdict: Verdict) -> None:
    """Every attempt is settled, and as what the log says."""
    begun = {call.job: call for call in recorded.calls}
    verdict.lost += [f"job {job} was begun and SQL knows nothing of it" for job in begun.keys() - tried.keys()]
    for job, row in tried.items():
        call, state = begun.get(job), row["state"]
        if state in _HOLDING - {"uncertain"}:
            verdict.lost.append(f"job {job} is still {state}: {row}")
        elif state == "uncertain":
            verdict.uncertain += 1
            verdict.uncertain_after_loss += row["why"] == _FORGOTTEN
            if call and call.told_at is not None and not _forgettable(call.told_at, facts.losses):
                verdict.lost.append(f"job {job} is uncertain although Redis confirmed {call.outcome}")
        elif state in _NEVER_BEGUN and call:
            verdict.wrong.append(f"job {job} was begun and counts as {state} ({row['why']})")
        elif state == "finished":
            verdict.wrong += _misheard(job, call, row["outcome"])
    by_death = verdict.uncertain - verdict.uncertain_after_loss
    if by_death > facts.crashes:
        verdict.wrong.append(f"{by_death} calls are uncertain after {facts.crashes} crashes of workers")
    if verdict.uncertain_after_loss and not facts.losses:
        verdict.wrong.append(f"{verdict.uncertain_after_loss} calls are uncertain by a loss that never was")


def _misheard(job: str, call: Begun | None, outcome: str) -> list[str]:
    if call is None:
        return [f"job {job} counts as {outcome} and nobody began it"]
    return [] if _counted(call.outcome) == outcome else [f"job {job} ended as {call.outcome} and counts as {outcome}"]


def _counted(word: str | None) -> str | None:
    """Return what an outcome counts as: a word that the contract does not know, as a failed call."""
    return word if word is None or word in _OUTCOMES else "failed"


def _forgettable(told_at: float, losses: Iterable[float]) -> bool:
    return any(-1.0 < loss - told_at < _TELLING_S for loss in losses)


def _held(tried: Mapping[str, Mapping[str, Any]], ordered: Mapping[str, Mapping[str, Any]], verdict: Verdict) -> None:
    """Each order is held by the attempt that holds it, by no other, and has been charged for each outcome once."""
    spent = Counter(row["order"] for row in tried.values() if row["state"] == "finished")
    holding = {row["order"]: job for job, row in tried.items() if row["state"] in _HOLDING}
    for uuid, order in ordered.items():
        if order["live_job"] != holding.get(uuid):
            verdict.lost.append(f"order {uuid} is held by {order['live_job']}, and its attempt is {holding.get(uuid)}")
        if order["attempts"] != spent[uuid]:
            verdict.wrong.append(f"order {uuid} was charged {order['attempts']} times for {spent[uuid]} outcomes")


def _late(calls: Sequence[Begun], facts: Facts, verdict: Verdict) -> None:
    """No document was given out after its time, outside the campaign's window or during a pause."""
    pauses: defaultdict[str, list[Pause]] = defaultdict(list)
    for pause in facts.pauses:
        pauses[pause.campaign].append(pause)
    verdict.pauses = len(facts.pauses)
    for call in calls:
        if call.asked_ms > call.not_after_ms:
            verdict.late.append(f"job {call.job} was begun {call.asked_ms - call.not_after_ms} ms after its time")
        if facts.shut(call.campaign, call.asked_ms):
            verdict.late.append(f"job {call.job} of {call.campaign} was begun outside its window, {call.asked_ms} ms")
        for pause in pauses.get(call.campaign, ()):
            late = call.asked_at - pause.known_at
            if late <= 0 or call.begun_at >= pause.lifted_at:
                continue
            verdict.slowest_pause = max(verdict.slowest_pause, late / pause.within_s)
            if late > pause.within_s:
                verdict.late.append(f"job {call.job} of {call.campaign} was begun {late:.3f} s after a pause was known")


def _concurrency(
    phone: str, calls: Sequence[Begun], deaths: Mapping[str, float], facts: Facts, verdict: Verdict
) -> None:
    changes = []
    for call in calls:
        ended = call.ended_at if call.ended_at is not None else deaths.get(call.worker)
        if ended is not None:
            changes += [(call.begun_at, 1), (ended, -1)]
    level = most = 0
    for _, change in sorted(changes):
        level += change
        most = max(most, level)
    if most > facts.concurrency:
        verdict.over_limit.append(f"phone {phone} had {most} calls at once, allowed are {facts.concurrency}")


def _rate(phone: str, calls: Sequence[Begun], facts: Facts, verdict: Verdict) -> None:
    """A bucket that holds what may wait in the hopper beside the burst; a new dispatcher forgets at most a burst."""
    burst = 1 + facts.rate / 10
    most = burst + max(1.0, facts.rate) + 1
    starts = sorted(facts.starts)
    level, last, start = 0.0, 0.0, 0
    for at in sorted(call.begun_at for call in calls):
        while start < len(starts) and starts[start] < at:
            level, start = max(0.0, level - burst), start + 1
        level = max(0.0, level - (at - last) * facts.rate) + 1
        last = at
        if level > most:
            verdict.over_limit.append(f"phone {phone} began more than {facts.rate} calls a second around {at:.3f} s")
            return
