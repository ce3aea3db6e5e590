"""Redis's side: the scripts of `dispatcher/hopper/scripts`, each atomic."""

from dispatcher.errors import DeposedError, DispatcherError, LostHopperError, TransientError
from tests.model.moves import with_job
from tests.model.rules import Rules
from tests.model.world import (
    ABSENT,
    CLAIMED,
    ENTERED,
    FRESH,
    KNOWN,
    LAPSED,
    NO_ENTRY,
    TAKEN,
    UNREAD,
    UNSEEN,
    Copy,
    Server,
    World,
    epoch_of,
)


def check(world: World, its: int, rules: Rules) -> None:
    """guard.lua, of a script of the term `its`. Raises DeposedError, LateError or LostHopperError with nothing done."""
    server = world.server
    if rules.fenced and epoch_of(server.fence) > epoch_of(its):
        raise DeposedError
    if rules.terms and server.fence > its:
        raise LateError
    if not (server.fence and server.group) or (rules.terms and server.fence < its):
        raise LostHopperError("phone")


class LateError(TransientError):
    """The step began before the queue was made anew."""


def answers(world: World, epoch: int, rules: Rules) -> bool:
    """Whether a script would find the dispatcher in charge, and the queue whole: `Custody.still_there`."""
    try:
        check(world, world.term(epoch), rules)
    except DispatcherError:
        return False
    return world.dispatchers[epoch - 1].knows == world.run


def still(world: World, epoch: int, rules: Rules) -> None:
    """adopt.lua, asked whether the queue that was adopted is there still."""
    if rules.fenced and epoch_of(world.server.fence) > epoch:
        raise DeposedError
    if not (world.server.fence and world.server.group) or (rules.terms and world.server.fence != world.term(epoch)):
        raise LostHopperError("phone")


def adopt(world: World, epoch: int, rules: Rules, *, create: bool, anew: bool = False) -> World:
    """adopt.lua."""
    server = world.server
    if rules.fenced and epoch_of(server.fence) > epoch:
        raise DeposedError
    if anew or not (server.fence and server.group):
        if not create:
            raise LostHopperError("phone")
        orders = []
        for order in world.orders:
            jobs = tuple(job._replace(redis=job.redis._replace(entry=NO_ENTRY)) for job in order.jobs)
            orders.append(order._replace(jobs=jobs))
        world = world._replace(orders=tuple(orders))
    return world._replace(server=Server(world.term(epoch), 1))


def enqueue(world: World, order: int, number: int, its: int, rules: Rules, *, in_time: bool) -> tuple[World, int]:
    """enqueue.lua: return ENTERED, or TAKEN if the job may not enter any more."""
    check(world, its, rules)
    job = world.orders[order].jobs[number]
    redis = job.redis
    if redis.seen == UNSEEN or (redis.seen == ENTERED and not rules.enters_once):
        redis = Copy(ENTERED, 1, UNREAD, redis.reports) if in_time else redis._replace(seen=TAKEN)
        world = with_job(world, order, number, job._replace(redis=redis))
    return world, redis.seen if redis.seen == ENTERED else TAKEN


def take_back(world: World, order: int, number: int, its: int, rules: Rules, proof: int) -> tuple[World, int]:
    """take_back.lua: return the finding."""
    check(world, its, rules)
    job = world.orders[order].jobs[number]
    redis = job.redis
    if redis.document:
        found = TAKEN
    elif redis.seen == UNSEEN and proof != KNOWN:
        found = TAKEN if proof == FRESH else ABSENT
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
