"""The steps of workers, after `dispatcher/worker`: plain commands, and what a worker may do between them."""

from collections.abc import Iterator

from tests.model.moves import Move, heard, spent, with_job, with_worker
from tests.model.rules import Rules
from tests.model.world import (
    DELIVERED,
    HAS_CLAIMED,
    HAS_NOTHING,
    HEARD_BEGUN,
    HEARD_BUSY,
    HEARD_COMPLETED,
    HEARD_GONE,
    HUNG_UP,
    IS_DIALING,
    NO_ENTRY,
    ON_THE_LINE,
    UNREAD,
    Job,
    World,
)


def steps(world: World, rules: Rules, workers: int) -> Iterator[Move]:
    """Every step that a worker may take next, without a fault."""
    idle = world.busy() < workers
    for order, of in enumerate(world.orders):
        for number, job in enumerate(of.jobs):
            about = f"order {order} job {number}"
            if idle and world.server.group and job.redis.entry == UNREAD:
                yield Move(
                    "XREADGROUP", about, with_job(world, order, number, claimed(with_worker(job, None, HAS_CLAIMED)))
                )
            if idle and not rules.claimer_only and job.redis.entry == DELIVERED:
                yield Move("XAUTOCLAIM", about, with_job(world, order, number, with_worker(job, None, HAS_CLAIMED)))
            for does in set(job.workers):
                for name, after in _of_worker(job, does, world.left.retries > 0):
                    moved = with_job(world, order, number, after)
                    yield Move(name, about, spent(moved, "retries") if name == "finish busy" else moved)


def claimed(job: Job) -> Job:
    """Return a job whose entry has been read."""
    return job._replace(redis=job.redis._replace(entry=DELIVERED))


def without_document(job: Job) -> Job:
    """Return a job whose document has been taken, or has expired."""
    return job._replace(redis=job.redis._replace(document=0))


def finished(job: Job, word: int) -> Job:
    """`Steps.finish`: the report and the removal of the entry, both or neither."""
    return heard(job._replace(redis=job.redis._replace(entry=NO_ENTRY)), word)


def _of_worker(job: Job, does: int, may_be_busy: bool) -> Iterator[tuple[str, Job]]:
    if does == HAS_CLAIMED:
        # Stopping, or after the end of the window: `gone` without a look.
        yield "_take: given up", with_worker(job, does, HAS_NOTHING)
        if job.redis.document:
            dials = with_worker(without_document(job), does, IS_DIALING)._replace(truth=ON_THE_LINE)
            yield "GETDEL and dial", dials
            yield "GETDEL and dial, begun", heard(dials, HEARD_BEGUN)
            yield "GETDEL: too late", with_worker(without_document(job), does, HAS_NOTHING)
    elif does == IS_DIALING:
        done = with_worker(job, does, None)
        yield "finish completed", finished(done, HEARD_COMPLETED)
        if may_be_busy:
            yield "finish busy", finished(done, HEARD_BUSY)._replace(truth=HUNG_UP)
    else:
        yield "finish gone", finished(with_worker(job, does, None), HEARD_GONE)
