"""SQL's side: the conditional updates of `dispatcher.mirror.attempts`, and `apply` of `loops.from_hopper.outcomes`."""

from tests.model.moves import with_job, with_order
from tests.model.world import (
    DIALING,
    EXPIRED,
    FINISHED,
    HEARD_BEGUN,
    HEARD_BUSY,
    HEARD_COMPLETED,
    HEARD_GONE,
    INTENT,
    LOST,
    OBSERVED,
    QUEUED,
    REVOKED,
    UNCERTAIN,
    WORKER,
    Job,
    World,
)

SOURCES = {
    QUEUED: {INTENT},
    DIALING: {INTENT, QUEUED},
    FINISHED: {INTENT, QUEUED, DIALING, UNCERTAIN, LOST},
    REVOKED: {INTENT, QUEUED},
    EXPIRED: {INTENT, QUEUED, DIALING, UNCERTAIN},
    UNCERTAIN: {INTENT, QUEUED, DIALING},
}
"""From which states an attempt may go to each; a test compares it with `dispatcher.model.attempt`."""


def moved(job: Job, target: int) -> Job:
    """Move an attempt, if it is where it may come from."""
    return job._replace(sql=target) if job.sql in SOURCES[target] else job


def begun(job: Job, by: int) -> Job:
    """`attempts.begun`."""
    if job.sql in SOURCES[DIALING]:
        return job._replace(sql=DIALING, by=by)
    if by == WORKER and job.sql in {DIALING, UNCERTAIN, LOST}:
        return job._replace(by=WORKER)
    return job


def doubt(world: World, order: int, number: int, target: int) -> World:
    """`attempts.doubt`: of a call of which nobody knows what became of it."""
    job = world.orders[order].jobs[number]
    if job.sql not in SOURCES[UNCERTAIN]:
        return world
    changed = job._replace(sql=target, by=job.by or OBSERVED)
    return with_job(world, order, number, changed)._replace(credit=world.credit - 1)


def apply(world: World, order: int, number: int, word: int, *, sure: bool) -> World:
    """`outcomes._apply_one`, and `drop`: apply one report and remove it."""
    of = world.orders[order]
    job = of.jobs[number]
    job = job._replace(redis=job.redis._replace(reports=job.redis.reports & ~word))
    if word == HEARD_BEGUN:
        return with_job(world, order, number, begun(job, WORKER))
    if word == HEARD_GONE:
        believed = sure and job.by != WORKER and job.sql != LOST
        return with_job(world, order, number, moved(job, EXPIRED) if believed else job)
    assert word in {HEARD_COMPLETED, HEARD_BUSY}
    finished = moved(job, FINISHED)
    world = with_job(world, order, number, finished)
    if finished.sql != job.sql and word == HEARD_COMPLETED:
        world = with_order(world, order, world.orders[order]._replace(closed=1))
    return world


def unbegun(job: Job) -> bool:
    """Whether the dispatcher may take the attempt back: `UNBEGUN`."""
    return job.sql in {INTENT, QUEUED}
