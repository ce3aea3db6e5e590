"""What SQL and Redis say of the same calls, compared both ways.

SQL is the truth of what was decided, Redis of what a dialer may begin. A look at Redis comes first and one at SQL after
it: an attempt is in SQL before its entry is in Redis, so that an entry without an attempt is no matter of timing. The
other way round a call needs a moment (`SETTLING`) between the two.
"""

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from enum import StrEnum

from dispatcher.model.attempt import HOLDING, State

SETTLING = timedelta(seconds=15)
"""A call that was queued within this before the look at Redis may have been queued after it."""


class Kind(StrEnum):
    """The ways in which the two may differ."""

    ENTRY_OF_UNKNOWN_JOB = "entry_of_unknown_job"
    ENTRY_OF_ENDED_JOB = "entry_of_ended_job"
    CALL_WITHOUT_ENTRY = "call_without_entry"
    ORDER_OF_ENDED_JOB = "order_of_ended_job"
    ORDER_OF_UNKNOWN_JOB = "order_of_unknown_job"
    JOB_WITHOUT_ITS_ORDER = "job_without_its_order"
    REPORT_OF_UNKNOWN_JOB = "report_of_unknown_job"
    UNLISTED_PHONE = "unlisted_phone"
    STRAY_PHONE = "stray_phone"


@dataclass(frozen=True, slots=True)
class Entry:
    """An entry of a phone's calls."""

    id: str
    job: str
    order: str


@dataclass(frozen=True, slots=True)
class Lane:
    """What Redis has of a phone: whether it is listed, its entries, and the jobs that dialers have reported of.

    `whole` is False where there was more than was read.
    """

    phone: str
    listed: bool
    entries: Sequence[Entry] = ()
    reported: Collection[str] = ()
    whole: bool = True


@dataclass(frozen=True, slots=True)
class Job:
    """An attempt, as far as it is compared; `queued_at` is UTC."""

    job: str
    order: str
    phone: str
    state: State
    queued_at: datetime | None = None


@dataclass(frozen=True, slots=True)
class Truth:
    """What SQL has: attempts by job (all that hold an order, and those that were asked for), orders, phones.

    `orders` has the job that holds each order, None for a free one: of all orders that are held, and those of the
    attempts. `phones` are those of the platform.
    """

    jobs: Mapping[str, Job]
    orders: Mapping[str, str | None]
    phones: Collection[str]


@dataclass(frozen=True, slots=True)
class Finding:
    """One difference, and what it concerns."""

    kind: Kind
    phone: str | None = None
    job: str | None = None
    order: str | None = None
    entry: str | None = None


def compare(truth: Truth, lanes: Sequence[Lane], looked_at: datetime) -> list[Finding]:
    """Return every difference between SQL and what Redis had at `looked_at`."""
    holding = [one for one in truth.jobs.values() if one.state in HOLDING]
    in_use = {one.phone for one in holding}
    return [
        *(finding for lane in lanes for finding in _of_lane(lane, truth, in_use)),
        *_missing(holding, lanes, looked_at),
        *_of_orders(truth, holding),
    ]


def _of_lane(lane: Lane, truth: Truth, in_use: Collection[str]) -> Iterator[Finding]:
    for entry in lane.entries:
        known = truth.jobs.get(entry.job)
        if known is None:
            yield Finding(Kind.ENTRY_OF_UNKNOWN_JOB, lane.phone, entry.job, entry.order, entry.id)
        elif known.state not in HOLDING or known.state is State.UNCERTAIN:
            yield Finding(Kind.ENTRY_OF_ENDED_JOB, lane.phone, entry.job, known.order, entry.id)
    for job in sorted(set(lane.reported) - truth.jobs.keys()):
        yield Finding(Kind.REPORT_OF_UNKNOWN_JOB, lane.phone, job)
    if not lane.listed and (lane.phone in in_use or lane.reported):
        yield Finding(Kind.UNLISTED_PHONE, lane.phone)
    empty = not lane.entries and not lane.reported
    if lane.listed and empty and lane.phone not in in_use and lane.phone not in truth.phones:
        yield Finding(Kind.STRAY_PHONE, lane.phone)


def _missing(holding: Sequence[Job], lanes: Sequence[Lane], looked_at: datetime) -> Iterator[Finding]:
    """Yield the calls that SQL believes to be queued and Redis has no entry for, nor a report of."""
    there = {lane.phone: {entry.job for entry in lane.entries} | set(lane.reported) for lane in lanes if lane.whole}
    for one in holding:
        settled = one.queued_at is not None and one.queued_at < looked_at - SETTLING
        if one.state is State.QUEUED and settled and one.phone in there and one.job not in there[one.phone]:
            yield Finding(Kind.CALL_WITHOUT_ENTRY, one.phone, one.job, one.order)


def _of_orders(truth: Truth, holding: Sequence[Job]) -> Iterator[Finding]:
    for order, job in truth.orders.items():
        if job is None:
            continue
        holder = truth.jobs.get(job)
        if holder is None:
            yield Finding(Kind.ORDER_OF_UNKNOWN_JOB, job=job, order=order)
        elif holder.state not in HOLDING:
            yield Finding(Kind.ORDER_OF_ENDED_JOB, holder.phone, job, order)
    for one in holding:
        if truth.orders.get(one.order) is None:
            yield Finding(Kind.JOB_WITHOUT_ITS_ORDER, one.phone, one.job, one.order)
