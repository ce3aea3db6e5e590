"""Small changes of a world that every step is made of."""

from collections.abc import Mapping
from typing import NamedTuple

from tests.model.world import (
    ANSWERED,
    ASKED,
    BURIED,
    FOUND,
    HELD,
    ON_ITS_WAY,
    RECOVERING,
    STOPPED,
    SURE,
    TAKING,
    TAKING_LATE,
    UNHELD,
    Dispatcher,
    Faults,
    Job,
    Order,
    Step,
    World,
    epoch_of,
)


class Move(NamedTuple):
    """One step: its name, what it is about, the world after it, and whether it was a fault that we injected."""

    name: str
    about: str
    world: World
    fault: bool = False


def with_job(world: World, order: int, job: int, changed: Job) -> World:
    """Return a world with one job changed."""
    old = world.orders[order]
    jobs = (*old.jobs[:job], changed, *old.jobs[job + 1 :])
    return with_order(world, order, old._replace(jobs=jobs))


def with_order(world: World, order: int, changed: Order) -> World:
    """Return a world with one order changed."""
    return world._replace(orders=(*world.orders[:order], changed, *world.orders[order + 1 :]))


def with_dispatcher(world: World, epoch: int, changed: Dispatcher) -> World:
    """Return a world with one dispatcher changed."""
    old = world.dispatchers
    return world._replace(dispatchers=(*old[: epoch - 1], changed, *old[epoch:]))


def with_steps(world: World, change: Mapping[int, int | None], epoch: int, its: int = 0) -> World:
    """Return a world in which steps of a dispatcher have become other kinds of steps, or (None) are forgotten.

    A `take_back` that was about to run and now runs late has the term `its`.
    """
    orders = []
    for order in world.orders:
        jobs = []
        for job in order.jobs:
            steps: list[Step] = []
            for step in job.steps:
                kind = change.get(step[0], step[0]) if epoch_of(step[1]) == epoch else step[0]
                if kind is not None:
                    steps.append((kind, its if kind == TAKING_LATE != step[0] else step[1], step[2]))
            jobs.append(job._replace(steps=tuple(sorted(steps))))
        orders.append(order._replace(jobs=tuple(jobs)))
    return world._replace(orders=tuple(orders))


def without(job: Job, step: Step, *instead: Step) -> Job:
    """Return a job with one of its steps replaced."""
    steps = list(job.steps)
    steps.remove(step)
    return job._replace(steps=tuple(sorted([*steps, *instead])))


def with_worker(job: Job, old: int | None, new: int | None) -> Job:
    """Return a job with what one of its workers does replaced; None for a worker that is not there."""
    workers = list(job.workers)
    if old is not None:
        workers.remove(old)
    if new is not None:
        workers.append(new)
    return job._replace(workers=tuple(sorted(workers)))


def heard(job: Job, word: int) -> Job:
    """Return a job of which a worker has reported something."""
    return job._replace(redis=job.redis._replace(reports=job.redis.reports | word))


def spent(world: World, kind: str, credit: int = 0) -> World:
    """Return a world with one fault less to come, and with so many more uncertain orders excused by it."""
    left: Faults = world.left._replace(**{kind: getattr(world.left, kind) - 1})
    return world._replace(left=left, credit=world.credit + credit)


# A dispatcher's ends.


def stopped(world: World, epoch: int) -> World:
    """Return a world in which a dispatcher has exited or been killed; what it has sent may still come."""
    known, its = world.dispatchers[epoch - 1].knows, world.term(epoch)
    world = with_dispatcher(world, epoch, Dispatcher(STOPPED, known, UNHELD))
    ends = {ASKED: ON_ITS_WAY, TAKING: TAKING_LATE, ANSWERED: None, FOUND: None, SURE: None, BURIED: None}
    return with_steps(world, ends, epoch, its)


def lose(world: World, epoch: int) -> World:
    """`Custody.lose`: the queue is left alone for one lease, and a new term begins."""
    one = world.dispatchers[epoch - 1]
    if one.custody not in {UNHELD, HELD}:
        return world
    return with_dispatcher(world, epoch, one._replace(custody=RECOVERING, losses=one.losses + 1))
