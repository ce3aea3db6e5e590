"""The dispatcher's steps, by the names that they have in `dispatcher/loops`.

Between any two of them anything else may happen, the end of the dispatcher included. A batch is one job. Read and
acted upon in one step, where no await lies between them or where a later reading could only be more careful:
custody's look at who Redis is, and what it does about it; a reading of `completed`, `busy` or `begun` and applying it.
"""

from collections.abc import Iterator

from dispatcher.errors import DeposedError, LostHopperError
from tests.model import mirror, scripts
from tests.model.moves import Move, lose, stopped, with_dispatcher, with_job, with_order, without
from tests.model.rules import Rules
from tests.model.world import (
    ABSENT,
    ANSWERED,
    ASKED,
    BURIED,
    DIALING,
    DOUBTED,
    ENTERED,
    EXPIRED,
    FOUND,
    FRESH,
    HEARD_BEGUN,
    HEARD_BUSY,
    HEARD_COMPLETED,
    HEARD_GONE,
    HELD,
    KNOWN,
    LAPSED,
    LEASE_PASSED,
    LIVE,
    LOST,
    NEITHER,
    NO_ENTRY,
    OBSERVED,
    QUEUED,
    RECOVERING,
    REVOKED,
    RUNNING,
    SURE,
    TAKEN,
    TAKING,
    UNCERTAIN,
    UNHELD,
    Dispatcher,
    Job,
    Step,
    World,
    epoch_of,
    term,
)

LOST_ANSWER = 9
"""What an ANSWERED step carries if `enqueue` found the queue lost, and so did nothing."""


def steps(world: World, rules: Rules, takes: int) -> Iterator[Move]:
    """Every step that any dispatcher may take next; `takes` bounds how many calls each takes back at once."""
    for epoch, one in enumerate(world.dispatchers, start=1):
        if one.status == RUNNING:
            yield from _custody(world, epoch, one, rules)
            under_way = [
                step for order in world.orders for job in order.jobs for step in job.steps if epoch_of(step[1]) == epoch
            ]
            filling = any(step[0] in {ASKED, ANSWERED} for step in under_way)
            taking = sum(step[0] in {TAKING, FOUND} for step in under_way)
            for order, of in enumerate(world.orders):
                # The queue was held when its slots were offered, and may have been lost since.
                if of.free and one.custody != UNHELD and not filling:
                    intent = Job(steps=((ASKED, world.term(epoch), 0),))
                    changed = of._replace(jobs=(*of.jobs, intent))
                    yield Move(f"choose ({epoch})", f"order {order}", with_order(world, order, changed))
                for number, job in enumerate(of.jobs):
                    yield from _of_job(world, order, number, job, epoch, one, rules, taking < takes)


def _custody(world: World, epoch: int, one: Dispatcher, rules: Rules) -> Iterator[Move]:
    if one.knows != world.run:
        yield Move(f"check_server ({epoch})", "", check_server(world, epoch, rules))
    if one.knows == -1:
        return
    if one.custody in {UNHELD, HELD}:
        yield from _adopt(world, epoch, one, rules)
    elif one.custody == RECOVERING:
        # Whatever was to live for one lease has expired by now, for this dispatcher has renewed nothing since. What a
        # later one lets live, and what is under way, may well be there: the fence stops the one and the other.
        passed = with_dispatcher(world, epoch, one._replace(custody=LEASE_PASSED))
        mine = epoch_of(world.server.fence) <= epoch
        yield Move(f"lease passes ({epoch})", "", without_documents(passed) if mine else passed)
    elif one.custody == LEASE_PASSED:
        yield Move(f"_settle: doubt ({epoch})", "", _settle_doubt(world, epoch, one))
    else:
        yield from _settle_adopt(world, epoch, one, rules)


def _adopt(world: World, epoch: int, one: Dispatcher, rules: Rules) -> Iterator[Move]:
    """`hold` of a queue that is not held yet, and `still_there` of one that is.

    That is asked of queues with live attempts only, and of others by whatever script comes next.
    """
    try:
        if one.custody == HELD:
            scripts.still(world, epoch, rules)
            return
        adopted = scripts.adopt(world, epoch, rules, create=not in_use(world))
    except LostHopperError:
        yield Move(f"adopt: lost ({epoch})", "", lose(world, epoch))
    except DeposedError:
        yield Move(f"adopt: deposed ({epoch})", "", stopped(world, epoch))
    else:
        held = adopted.dispatchers[epoch - 1]._replace(custody=HELD)
        yield Move(f"adopt ({epoch})", "", with_dispatcher(adopted, epoch, held))


def _settle_adopt(world: World, epoch: int, one: Dispatcher, rules: Rules) -> Iterator[Move]:
    try:
        settled = scripts.adopt(world, epoch, rules, create=True, anew=True)
    except LostHopperError:
        return  # Redis has changed once more: the next turn asks it who it is
    except DeposedError:
        settled = stopped(world, epoch)
    else:
        settled = _bury(with_dispatcher(settled, epoch, one._replace(custody=HELD)), epoch)
    yield Move(f"_settle: adopt ({epoch})", "", settled)


def in_use(world: World) -> bool:
    """Whether the mirror knows of a live attempt: `attempts.live`."""
    return any(job.sql in LIVE for order in world.orders for job in order.jobs)


def check_server(world: World, epoch: int, rules: Rules) -> World:
    """`Custody.check_server`: if Redis is another process than before, every queue in use is lost."""
    one = world.dispatchers[epoch - 1]
    before = one.knows if one.knows != -1 else world.sql_run
    world = with_dispatcher(world, epoch, one._replace(knows=world.run))
    if before != world.run:
        if in_use(world) or (one.custody == HELD and rules.waits_always):
            world = lose(world, epoch)
        elif one.custody == HELD:
            world = with_dispatcher(world, epoch, world.dispatchers[epoch - 1]._replace(custody=UNHELD))
    latest = max(number for number, other in enumerate(world.dispatchers, start=1) if other.status)
    return world._replace(sql_run=world.run) if epoch == latest else world


def without_documents(world: World) -> World:
    """Return a world in which every document has expired."""
    orders = []
    for order in world.orders:
        jobs = tuple(job._replace(redis=job.redis._replace(document=0)) for job in order.jobs)
        orders.append(order._replace(jobs=jobs))
    return world._replace(orders=tuple(orders))


def _settle_doubt(world: World, epoch: int, one: Dispatcher) -> World:
    for order, of in enumerate(world.orders):
        for number, job in enumerate(of.jobs):
            for word in (HEARD_BEGUN, HEARD_COMPLETED, HEARD_BUSY, HEARD_GONE):
                if job.redis.reports & word:
                    world = mirror.apply(world, order, number, word, sure=False)
            left = world.orders[order].jobs[number]
            if mirror.unbegun(left):
                buried = left._replace(steps=tuple(sorted([*left.steps, (BURIED, term(epoch), 0)])))
                world = with_job(world, order, number, buried)
            if left.sql in LIVE:
                world = mirror.doubt(world, order, number, LOST)
    return with_dispatcher(world, epoch, one._replace(custody=DOUBTED))


def _bury(world: World, epoch: int) -> World:
    """The end of adopt.lua: a script that was on its way when the queue was lost finds its job taken."""
    for order, of in enumerate(world.orders):
        for number, job in enumerate(of.jobs):
            if (BURIED, term(epoch), 0) in job.steps:
                done = without(job, (BURIED, term(epoch), 0))
                done = done._replace(redis=done.redis._replace(seen=TAKEN, document=0))
                world = with_job(world, order, number, done)
    return world


def _write_down(world: World, order: int, number: int, step: Step, rules: Rules) -> World:
    """Ask once more who Redis is, as `take_back` does, and believe what was found only of the same one."""
    epoch, found = epoch_of(step[1]), step[2]
    if rules.looks_again:
        world = check_server(world, epoch, rules)
    job = without(world.orders[order].jobs[number], step)
    if not rules.looks_again or world.dispatchers[epoch - 1].custody in {UNHELD, HELD}:
        target = {TAKEN: REVOKED, LAPSED: EXPIRED}.get(found)
        if job.sql == LOST and not rules.forgotten_stays:
            job = job._replace(sql=UNCERTAIN)
        job = mirror.begun(job, OBSERVED) if target is None else mirror.moved(job, target)
    return with_job(world, order, number, job)


def _of_job(
    world: World, order: int, number: int, job: Job, epoch: int, one: Dispatcher, rules: Rules, may_take: bool
) -> Iterator[Move]:
    about = f"order {order} job {number}"
    for step in job.steps:
        if epoch_of(step[1]) == epoch:
            yield from _under_way(world, order, number, job, step, one, rules)
    if may_take and mirror.unbegun(job) and not any(step[0] in {TAKING, FOUND} for step in job.steps):
        proof = KNOWN if job.sql == QUEUED else NEITHER if job.old else FRESH
        taking = job._replace(steps=tuple(sorted([*job.steps, (TAKING, term(epoch), proof)])))
        yield Move(f"withdraw ({epoch})", about, with_job(world, order, number, taking))
    yield from _reports(world, order, number, job, epoch, rules)
    quiet = not (job.workers or job.redis.reports or any(step[0] == SURE for step in job.steps))
    if job.sql == DIALING and quiet and one.custody == HELD and scripts.answers(world, epoch, rules):
        yield Move(f"_begun: silent ({epoch})", about, silent(world, order, number))


def _under_way(
    world: World, order: int, number: int, job: Job, step: Step, one: Dispatcher, rules: Rules
) -> Iterator[Move]:
    kind, epoch, carried = step[0], epoch_of(step[1]), step[2]
    about = f"order {order} job {number}"
    rest = with_job(world, order, number, without(job, step))
    if kind == ASKED:
        yield from _enqueue(world, order, number, job, step, rules)
    elif kind == ANSWERED:
        target = QUEUED if carried == ENTERED else REVOKED
        recorded = with_job(world, order, number, mirror.moved(without(job, step), target))
        yield Move(f"_record ({epoch})", about, recorded)
    elif kind == TAKING and one.custody == HELD:
        yield from _take_back(world, order, number, job, epoch, rules, carried)
    elif kind == TAKING:
        yield Move(f"take_back: not held ({epoch})", about, rest)
    elif kind == FOUND:
        yield Move(f"_write_down ({epoch})", about, _write_down(world, order, number, step, rules))
    elif kind == SURE:
        applied = mirror.apply(rest, order, number, HEARD_GONE, sure=bool(carried))
        yield Move(f"apply gone ({epoch})", about, applied)


def silent(world: World, order: int, number: int) -> World:
    """`Reap._begun`: hold a call of which nothing was heard for `call_timeout`. No replica lags so long."""
    world = mirror.doubt(world, order, number, UNCERTAIN)
    job = world.orders[order].jobs[number]
    forgotten = job._replace(redis=job.redis._replace(entry=NO_ENTRY))
    return without_replica(with_job(world, order, number, forgotten))


def without_replica(world: World) -> World:
    """Return a world whose replica has caught up, which is not worth remembering."""
    if world.replica is None:
        return world
    orders = [
        order._replace(jobs=tuple(job._replace(replica=type(job.replica)()) for job in order.jobs))
        for order in world.orders
    ]
    return world._replace(replica=None, orders=tuple(orders))


def _enqueue(world: World, order: int, number: int, job: Job, asked: Step, rules: Rules) -> Iterator[Move]:
    about, epoch = f"order {order} job {number}", epoch_of(asked[1])
    # `_may_still`: what was learnt since it was chosen stands against it, so that it is not asked for.
    yield Move(
        f"_queue: not any more ({epoch})",
        about,
        with_job(world, order, number, without(job, asked, (ANSWERED, term(epoch), TAKEN))),
    )
    for in_time in (True, False):
        try:
            queued, answer = scripts.enqueue(world, order, number, asked[1], rules, in_time=in_time)
        except LostHopperError:
            lost = with_job(world, order, number, without(job, asked, (ANSWERED, term(epoch), LOST_ANSWER)))
            yield Move(f"enqueue: lost ({epoch})", about, lose(lost, epoch))
            return
        except scripts.LateError:
            yield Move(f"enqueue: late ({epoch})", about, with_job(world, order, number, without(job, asked)))
            return
        except DeposedError:
            yield Move(f"enqueue: deposed ({epoch})", about, stopped(world, epoch))
            return
        after = queued.orders[order].jobs[number]
        name = f"enqueue ({epoch})" if in_time else f"enqueue: too late ({epoch})"
        yield Move(name, about, with_job(queued, order, number, without(after, asked, (ANSWERED, term(epoch), answer))))


def _take_back(world: World, order: int, number: int, job: Job, epoch: int, rules: Rules, proof: int) -> Iterator[Move]:
    about = f"order {order} job {number}"
    step = (TAKING, term(epoch), proof)
    try:
        taken, found = scripts.take_back(world, order, number, world.term(epoch), rules, proof)
    except LostHopperError:
        yield Move(f"take_back: lost ({epoch})", about, lose(with_job(world, order, number, without(job, step)), epoch))
    except DeposedError:
        yield Move(f"take_back: deposed ({epoch})", about, stopped(world, epoch))
    else:
        after = taken.orders[order].jobs[number]
        word = {TAKEN: "taken", LAPSED: "lapsed", ABSENT: "absent"}.get(found, "claimed")
        changed = with_job(taken, order, number, without(after, step, (FOUND, term(epoch), found)))
        yield Move(f"take_back: {word} ({epoch})", about, changed)


def _reports(world: World, order: int, number: int, job: Job, epoch: int, rules: Rules) -> Iterator[Move]:
    about = f"order {order} job {number}"
    for word, name in ((HEARD_BEGUN, "begun"), (HEARD_COMPLETED, "completed"), (HEARD_BUSY, "busy")):
        if job.redis.reports & word:
            yield Move(f"apply {name} ({epoch})", about, mirror.apply(world, order, number, word, sure=False))
    if job.redis.reports & HEARD_GONE and not any(step[:2] == (SURE, term(epoch)) for step in job.steps):
        asked = check_server(world, epoch, rules) if rules.sure_of_gone else world
        sure = asked.dispatchers[epoch - 1].custody in {UNHELD, HELD} or not rules.sure_of_gone
        after = asked.orders[order].jobs[number]
        after = after._replace(steps=tuple(sorted([*after.steps, (SURE, term(epoch), int(sure))])))
        yield Move(f"gone, sure? ({epoch})", about, with_job(asked, order, number, after))
