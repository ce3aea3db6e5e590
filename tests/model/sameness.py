"""Which worlds are as good as the same: they differ in names only, or in what cannot matter any more.

What can only be done without any consequence counts as done. That frees whoever was to do it a little early, which is
to look at more worlds than there are, not at fewer.
"""

from tests.model.rules import ALL_ON, Rules
from tests.model.world import (
    ANSWERED,
    ASKED,
    BURIED,
    DIALING,
    EXPIRED,
    FINISHED,
    FOUND,
    HAS_CLAIMED,
    HEARD_BEGUN,
    HEARD_GONE,
    IS_DIALING,
    LAPSED,
    LOST,
    ON_ITS_WAY,
    ON_THE_LINE,
    REVOKED,
    STOPPED,
    SURE,
    TAKEN,
    TAKING_LATE,
    UNCERTAIN,
    UNREAD,
    WORKER,
    Copy,
    Dispatcher,
    Job,
    Order,
    World,
)

ENDED = frozenset({FINISHED, REVOKED, EXPIRED})

_OF_SQL_ONLY = frozenset({ANSWERED, FOUND, SURE})

_ANOTHER = -2
"""Some server other than the one there is."""


def canonical(world: World, rules: Rules) -> World:
    """Return the one world that stands for all that are as good as the same."""
    orders = (canonical_order(order, world, rules) for order in world.orders)
    return canonical_scene(world)._replace(orders=tuple(sorted(orders)))


def canonical_scene(world: World) -> World:
    """Return a world in which the present server has the number 0, and nobody remembers what he need not."""
    dispatchers = tuple(
        Dispatcher(STOPPED) if one.status == STOPPED else one._replace(knows=_number(one.knows, world.run))
        for one in world.dispatchers
    )
    # What the mirror remembers is for those that have not asked Redis yet.
    needed = any(one.status != STOPPED and one.knows == -1 for one in dispatchers)
    sql_run = _number(world.sql_run, world.run) if needed else 0
    return world._replace(dispatchers=dispatchers, run=0, sql_run=sql_run)


def _number(known: int, run: int) -> int:
    return known if known == -1 else 0 if known == run else _ANOTHER


def canonical_order(order: Order, world: World, rules: Rules) -> Order:
    """Return the one order that stands for all that are as good as the same in this world."""
    may_fail_over = bool(world.replica or world.left.failovers)
    old_copies = not (rules.short_lease and rules.all_or_nothing)
    called = order.called
    kept = []
    for job in order.jobs:
        there = _in_time(job, world.server.fence) if rules == ALL_ON and not may_fail_over else job
        rest: Job | None = there
        if rules.claimer_only and there.sql in ENDED:
            rest = _of_ended(there, old_copies=old_copies)
        elif rules.forgotten_stays:
            rest = _of_live(there, copies=may_fail_over or not rules.claimer_only)
        if rest is None:
            called = called or int(job.truth == ON_THE_LINE)
        else:
            kept.append(rest)
    return Order(order.closed, called, tuple(sorted(kept, key=_ended_first)))


def _ended_first(job: Job) -> tuple[bool, Job]:
    return job.sql not in ENDED, job


def _in_time(job: Job, fence: int) -> Job:
    """Return a job without the scripts that cannot do anything to it any more.

    A fence only rises, unless it is lost; and whoever adopts the queue then does so in a term that none of his steps
    has yet. So a late script of a term below the fence never comes back. An attempt that has ended or was held because
    Redis had forgotten it is not to be queued; if it is marked as taken in this term, no script of the term will, and
    with neither a document nor a way to get one there is nothing that could be taken back.
    """
    steps = tuple(step for step in job.steps if step[0] not in {ON_ITS_WAY, TAKING_LATE} or step[1] >= fence)
    if job.sql in ENDED or job.sql == LOST:
        marked = job.redis.seen in {TAKEN, LAPSED} and fence
        if marked:
            steps = tuple(step for step in steps if step[0] not in {ASKED, ON_ITS_WAY} or step[1] > fence)
        if not (job.redis.document or any(step[0] in {ASKED, ON_ITS_WAY, BURIED} for step in steps)):
            steps = ()
    return job._replace(steps=steps)


def _of_live(job: Job, *, copies: bool) -> Job:
    """Return a job without the reports and the steps that would change nothing.

    What has been found or answered concerns an attempt that is not known to be begun, unless it is the proof that an
    entry has lapsed. Once it is known who has begun it, or that Redis had forgotten it, no `gone` counts any more; in
    the latter case nothing is asked of Redis either, so that what it knows (if there are no `copies` of that) matters
    only to a worker that may still get the document.
    """
    reports, steps = job.redis.reports, job.steps
    if job.sql == LOST:
        reports &= ~(HEARD_BEGUN | HEARD_GONE)
        steps = tuple(step for step in steps if step[0] not in _OF_SQL_ONLY)
        job = job._replace(by=0, redis=job.redis._replace(reports=reports), steps=steps)
        may_enter = any(step[0] in {ASKED, ON_ITS_WAY, BURIED} for step in steps)
        if copies or may_enter or job.redis.document:
            return job
        dialing = tuple(does for does in job.workers if does == IS_DIALING)
        return job._replace(workers=dialing, redis=Copy(reports=reports))
    if job.by == WORKER:
        reports &= ~(HEARD_BEGUN | HEARD_GONE)
        steps = tuple(step for step in steps if step[0] != SURE)
    if job.sql in {DIALING, UNCERTAIN}:
        steps = tuple(step for step in steps if step[0] != ANSWERED and (step[0] != FOUND or step[2] == LAPSED))
    return job._replace(redis=job.redis._replace(reports=reports), steps=steps)


def _of_ended(job: Job, *, old_copies: bool) -> Job | None:
    """Return what can still have consequences of an attempt that has ended; None if nothing can.

    Reports and findings change nothing in SQL any more. A worker that has no document, and can get none any more, will
    report `gone`, and is as good as free.
    """
    steps = tuple(step for step in job.steps if step[0] not in _OF_SQL_ONLY)
    may_enter = any(step[0] in {ASKED, ON_ITS_WAY} for step in steps)
    may_come_back = may_enter or (old_copies and job.replica.document)
    workers = tuple(
        does
        for does in job.workers
        if does == IS_DIALING or (does == HAS_CLAIMED and (job.redis.document or may_come_back))
    )
    redis = job.redis._replace(reports=0)
    reachable = redis.document and (redis.entry == UNREAD or workers)
    if not (steps or workers or reachable or may_come_back):
        return None
    return job._replace(by=0, redis=redis, workers=workers, steps=steps)
