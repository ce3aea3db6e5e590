"""Redis's side: the scripts of `dispatcher/hopper/scripts`, each atomic."""

from dispatcher.errors import DeposedError, DispatcherError, LostHopperError
from tests.model.moves import with_job
from tests.model.rules import Rules
from tests.model.world import (
    ABSENT,
    CLAIMED,
    ENTERED,
    LAPSED,
    NO_ENTRY,
    TAKEN,
    UNREAD,
    UNSEEN,
    Copy,
    Server,
    World,
)


def check(world: World, epoch: int, rules: Rules) -> World:
    """guard.lua. Raises DeposedError or LostHopperError with nothing done."""
    server = world.server
    if rules.fenced and server.fence > epoch:
        raise DeposedError
    if not (server.fence and server.group):
        raise LostHopperError("phone")
    return world._replace(server=Server(epoch, 1)) if server.fence != epoch else world


def answers(world: World, epoch: int, rules: Rules) -> bool:
    """Whether a script would find the dispatcher in charge, and the queue whole: `Custody.still_there`."""
    try:
        check(world, epoch, rules)
    except DispatcherError:
        return False
    return world.dispatchers[epoch - 1].knows == world.run


def adopt(world: World, epoch: int, rules: Rules, *, create: bool) -> World:
    """adopt.lua."""
    server = world.server
    if rules.fenced and server.fence > epoch:
        raise DeposedError
    if not (server.fence and server.group):
        if not create:
            raise LostHopperError("phone")
        orders = []
        for order in world.orders:
            jobs = tuple(job._replace(redis=job.redis._replace(entry=NO_ENTRY)) for job in order.jobs)
            orders.append(order._replace(jobs=jobs))
        world = world._replace(orders=tuple(orders))
    return world._replace(server=Server(epoch, 1))


def enqueue(world: World, order: int, number: int, epoch: int, rules: Rules, *, in_time: bool) -> tuple[World, int]:
    """enqueue.lua: return ENTERED, or TAKEN if the job may not enter any more."""
    world = check(world, epoch, rules)
    job = world.orders[order].jobs[number]
    redis = job.redis
    if redis.seen == UNSEEN or (redis.seen == ENTERED and not rules.enters_once):
        redis = Copy(ENTERED, 1, UNREAD, redis.reports) if in_time else redis._replace(seen=TAKEN)
        world = with_job(world, order, number, job._replace(redis=redis))
    return world, redis.seen if redis.seen == ENTERED else TAKEN


def take_back(world: World, order: int, number: int, epoch: int, rules: Rules, *, fresh: bool) -> tuple[World, int]:
    """take_back.lua: return the finding."""
    world = check(world, epoch, rules)
    job = world.orders[order].jobs[number]
    redis = job.redis
    if redis.document:
        found = TAKEN
    elif redis.seen == UNSEEN:
        found = TAKEN if fresh else ABSENT
    elif redis.seen in {TAKEN, LAPSED}:
        found = redis.seen
    elif redis.entry == NO_ENTRY:
        found = ABSENT
    elif redis.entry == UNREAD:
        found = LAPSED
    else:
        found = CLAIMED
    redis = redis._replace(document=0)
    if found == CLAIMED and not rules.only_proof:
        found = LAPSED
    if found in {TAKEN, LAPSED}:
        unmarked = redis.seen == UNSEEN and not rules.marked_first
        redis = redis._replace(seen=UNSEEN if unmarked else found, entry=NO_ENTRY)
    return with_job(world, order, number, job._replace(redis=redis)), found
