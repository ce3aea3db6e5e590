"""What goes wrong: deaths, lost replies, late and repeated commands, lost and old memory. And what passes with time."""

from collections.abc import Iterator

from dispatcher.errors import DispatcherError
from tests.model import scripts
from tests.model.dispatching import silent, without_replica
from tests.model.moves import Move, spent, stopped, with_dispatcher, with_job, with_steps, with_worker, without
from tests.model.rules import Rules
from tests.model.working import claimed, finished, without_document
from tests.model.world import (
    ANSWERED,
    ASKED,
    DIALING,
    HAS_CLAIMED,
    HEARD_COMPLETED,
    HELD,
    IS_DIALING,
    LIVE,
    NOT_STARTED,
    NOTHING,
    ON_ITS_WAY,
    QUEUED,
    RUNNING,
    TAKING,
    TAKING_LATE,
    UNREAD,
    UNSEEN,
    Dispatcher,
    Job,
    Server,
    World,
    epoch_of,
    term,
)


def passing(world: World, *, overlap: bool) -> Iterator[Move]:
    """What needs no fault: documents expire, and the next dispatcher starts.

    With `overlap` it may do so while the one before still runs: the lock of the mirror lets go of a stalled one.
    """
    for order, of in enumerate(world.orders):
        for number, job in enumerate(of.jobs):
            if job.redis.document:
                expired = with_job(world, order, number, without_document(job))
                yield Move("document expires", f"order {order} job {number}", expired)
    for epoch, one in enumerate(world.dispatchers, start=1):
        if one.status == RUNNING and not overlap:
            return
        if one.status == NOT_STARTED:
            yield Move(f"start ({epoch})", "", with_dispatcher(world, epoch, Dispatcher(RUNNING)))
            return


def arriving(world: World, rules: Rules) -> Iterator[Move]:
    """Scripts that come late, from dispatchers that have given them up or died."""
    for order, of in enumerate(world.orders):
        for number, job in enumerate(of.jobs):
            about = f"order {order} job {number}"
            for step in job.steps:
                if step[0] not in {ON_ITS_WAY, TAKING_LATE}:
                    continue
                name = f"late {'enqueue' if step[0] == ON_ITS_WAY else 'take_back'} ({epoch_of(step[1])})"
                here = with_job(world, order, number, without(job, step))
                try:
                    if step[0] == ON_ITS_WAY:
                        arrived, _ = scripts.enqueue(here, order, number, step[1], rules, in_time=True)
                    else:
                        arrived, _ = scripts.take_back(here, order, number, step[1], rules, step[2])
                except DispatcherError:
                    arrived = here
                yield Move(name, about, arrived)


def faults(world: World, rules: Rules, workers: int) -> Iterator[Move]:
    """Every fault that may be injected next."""
    left = world.left
    if left.crashes:
        # The last dispatcher is not killed: another one would only be its equal.
        for epoch, one in enumerate(world.dispatchers[:-1], start=1):
            if one.status == RUNNING:
                yield Move(f"dispatcher dies ({epoch})", "", spent(stopped(world, epoch), "crashes"), True)
    if left.losses:
        forgotten = _forgotten(world)
        credit = len(world.orders)
        yield Move("FLUSHALL", "", spent(forgotten, "losses", credit), True)
        yield Move("Redis restarts empty", "", spent(forgotten._replace(run=world.run + 1), "losses", credit), True)
    if left.failovers:
        yield from _failovers(world, rules)
    for order, of in enumerate(world.orders):
        for number, job in enumerate(of.jobs):
            for kind, credit, name, after in _of_job(world, order, number, job, rules, workers):
                if getattr(left, kind):
                    yield Move(name, f"order {order} job {number}", spent(after, kind, credit), True)


def _of_job(
    world: World, order: int, number: int, job: Job, rules: Rules, workers: int
) -> Iterator[tuple[str, int, str, World]]:
    """What may go wrong with one call: of which kind it is, and how many orders it may leave uncertain."""
    for does in set(job.workers):
        yield "crashes", 1, "worker dies", with_job(world, order, number, with_worker(job, does, None))
    if world.left.replies:
        for name, after in _lost(world, order, number, job, rules, workers):
            yield "replies", 1, name, after
    if not job.old and _is_quiet(job) and job.sql in LIVE:
        old = job._replace(old=1, redis=job.redis._replace(seen=UNSEEN, document=0))
        # Where the mirror knows the entry and nobody has read it, that proves what the mark would have.
        proved = job.sql == QUEUED and job.redis.entry == UNREAD
        yield "outages", int(not proved), "seen expires", without_replica(with_job(world, order, number, old))
    in_charge = any(one.status == RUNNING and one.custody == HELD for one in world.dispatchers)
    if in_charge and job.sql == DIALING and (job.workers or job.redis.reports):
        yield "stalls", 1, "_begun: silent, though its worker lives", silent(world, order, number)


def _is_quiet(job: Job) -> bool:
    """Whether no script that was sent before could still come: rule 2's hour is longer than any lateness."""
    return all(step[0] not in {ASKED, ON_ITS_WAY, TAKING, TAKING_LATE} for step in job.steps)


def _forgotten(world: World) -> World:
    orders = [
        order._replace(jobs=tuple(job._replace(redis=NOTHING, replica=NOTHING) for job in order.jobs))
        for order in world.orders
    ]
    return world._replace(server=Server(0, 0), replica=None, orders=tuple(orders))


def _failovers(world: World, rules: Rules) -> Iterator[Move]:
    server = world.replica
    if server is None:
        orders = [
            order._replace(jobs=tuple(job._replace(replica=job.redis) for job in order.jobs)) for order in world.orders
        ]
        yield Move("replica lags from here", "", world._replace(replica=world.server, orders=tuple(orders)), True)
        return
    if rules.all_or_nothing:
        # A failover takes longer than any command waits for its connection and its answer.
        for epoch in range(1, len(world.dispatchers) + 1):
            world = with_steps(world, {ASKED: None, ON_ITS_WAY: None}, epoch)
    alive = not (rules.short_lease and rules.all_or_nothing)
    orders = [
        order._replace(
            jobs=tuple(
                job._replace(
                    redis=job.replica if alive else job.replica._replace(document=0),
                    replica=NOTHING,
                )
                for job in order.jobs
            )
        )
        for order in world.orders
    ]
    promoted = world._replace(server=server, replica=None, run=world.run + 1, orders=tuple(orders))
    name = "replica promoted" if rules.all_or_nothing else "Redis restarts from an old state"
    yield Move(name, "", spent(promoted, "failovers", len(world.orders)), True)


def _lost(world: World, order: int, number: int, job: Job, rules: Rules, workers: int) -> Iterator[tuple[str, World]]:
    if world.busy() < workers and world.server.group and job.redis.entry == UNREAD:
        yield "XREADGROUP, reply lost", with_job(world, order, number, claimed(job))
    if HAS_CLAIMED in job.workers and job.redis.document:
        yield "GETDEL, reply lost", with_job(world, order, number, without_document(job))
    if IS_DIALING in job.workers:
        yield "finish completed, reply lost", with_job(world, order, number, finished(job, HEARD_COMPLETED))
    for step in job.steps:
        epoch = epoch_of(step[1])
        if step[0] == ASKED:
            late = (ON_ITS_WAY, step[1], 0)
            yield f"enqueue put off ({epoch})", with_job(world, order, number, without(job, step, late))
            try:
                ran, answer = scripts.enqueue(world, order, number, step[1], rules, in_time=True)
            except DispatcherError:
                continue
            after = ran.orders[order].jobs[number]
            yield f"enqueue, reply lost ({epoch})", with_job(ran, order, number, without(after, step))
            twice = without(after, step, (ANSWERED, term(epoch), answer), late)
            yield f"enqueue, to come again ({epoch})", with_job(ran, order, number, twice)
        elif step[0] == TAKING and world.dispatchers[epoch - 1].custody == HELD:
            put_off = without(job, step, (TAKING_LATE, world.term(epoch), step[2]))
            yield f"take_back put off ({epoch})", with_job(world, order, number, put_off)
