"""The state of everything: what SQL holds, what Redis holds, what is on its way, and who believes what.

A world is a tuple of small integers, so that it can be a key of a dictionary. Workers, late scripts and steps that are
under way lie with the job that they are about, as sorted tuples, and so do the orders: two worlds that differ only in
which worker or which order is which are one and the same (symmetry reduction; dispatchers differ by their epochs).

Abstracted: there is one phone. Time is an order of events, without lengths: a document may expire at any instant, a
call may be withdrawn at any instant (a pause, a change, a closed window and a do-not-call all end in the same
`take_back`), and what needs a time to pass is a step of its own with the condition that the time stands for. Renewing
changes nothing in such a model. Batches are done job by job. A job with nothing left that could happen is forgotten.
"""

from typing import NamedTuple

INTENT, QUEUED, DIALING, FINISHED, REVOKED, EXPIRED, UNCERTAIN, LOST = range(8)
"""The states of an attempt as in `dispatcher.model.attempt`; LOST is UNCERTAIN because Redis had forgotten."""

LIVE = frozenset({INTENT, QUEUED, DIALING})
HOLDING = LIVE | {UNCERTAIN, LOST}
STATES = ("intent", "queued", "dialing", "finished", "revoked", "expired", "uncertain", "uncertain (lost)")

NOBODY, OBSERVED, WORKER = range(3)
"""By whom it is known that an attempt was begun."""

UNSEEN, ENTERED, TAKEN, LAPSED, CLAIMED, ABSENT = range(6)
"""What `seen` holds (the first four), and what taking a job back finds (the last four)."""

NO_ENTRY, UNREAD, DELIVERED = range(3)
"""A job's entry in the stream of calls."""

HEARD_BEGUN, HEARD_COMPLETED, HEARD_GONE, HEARD_BUSY = 1, 2, 4, 8
"""What workers have reported of a job, and the dispatcher has not yet applied."""

HAS_CLAIMED, IS_DIALING, HAS_NOTHING = range(1, 4)
"""What a worker does with a job: it holds the entry; it has begun the call; it got no document, or let it be."""

NOT_BEGUN, ON_THE_LINE, HUNG_UP = range(3)
"""The fake telephone log: what is known of a job only to us. A completed call counts as on the line for ever."""

ASKED, ANSWERED, ON_ITS_WAY, TAKING, FOUND, TAKING_LATE, SURE, BURIED = range(8)
"""Steps under way, each (kind, term, what it carries).

ASKED: an intent is written, `enqueue` is to run. ANSWERED: it has run, `_record` is to write its answer down.
ON_ITS_WAY: an `enqueue` of which nobody awaits the answer any more. TAKING: an attempt was read as unbegun,
`take_back` is to run with FRESH, KNOWN or neither. FOUND: it has run, `_write_down` is next. TAKING_LATE: a
`take_back` of which nobody awaits the answer. SURE: a `gone` was read and `sure` was asked, `apply` is next. BURIED:
`_settle` has held an attempt that was unbegun, and its `adopt` will see to it that the job never enters. ASKED,
ON_ITS_WAY and TAKING_LATE have the term in which they began; the others, which take that of the moment in which they
run, have their dispatcher's first.
"""

NEITHER, FRESH, KNOWN = range(3)
"""What stands in for a missing mark when a job is taken back: nothing, its intent's youth, or its entry."""

NOT_STARTED, RUNNING, STOPPED = range(3)
UNHELD, HELD, RECOVERING, LEASE_PASSED, DOUBTED = range(5)
"""How a dispatcher's custody has the phone; the last two are the steps of `_settle`."""

Step = tuple[int, int, int]


_LOSSES = 16
"""More than a dispatcher can notice within the bounds of any exploration."""


def term(epoch: int, losses: int = 0) -> int:
    """Return the term of a dispatcher that has noticed so many losses."""
    assert losses < _LOSSES
    return epoch * _LOSSES + losses


def epoch_of(term: int) -> int:
    """Return the epoch of a term."""
    return term // _LOSSES


class Copy(NamedTuple):
    """What Redis holds of a job, on the server or on a replica that lags behind."""

    seen: int = UNSEEN
    document: int = 0
    entry: int = NO_ENTRY
    reports: int = 0


NOTHING = Copy()


class Job(NamedTuple):
    """One attempt: in SQL, in Redis, on its way, and in truth."""

    sql: int = INTENT
    by: int = NOBODY
    old: int = 0
    redis: Copy = NOTHING
    replica: Copy = NOTHING
    truth: int = NOT_BEGUN
    workers: tuple[int, ...] = ()
    steps: tuple[Step, ...] = ()


class Order(NamedTuple):
    """One order: whether an outcome has closed it, whether a forgotten job of it was begun, and its jobs."""

    closed: int = 0
    called: int = 0
    jobs: tuple[Job, ...] = ()

    @property
    def free(self) -> bool:
        """Whether it may be chosen: `is_waiting` of the mirror."""
        return not self.closed and all(job.sql not in HOLDING for job in self.jobs)

    @property
    def settled(self) -> bool:
        """Whether it is resolved, or held as uncertain."""
        return bool(self.closed) or any(job.sql in {UNCERTAIN, LOST} for job in self.jobs)


class Dispatcher(NamedTuple):
    """One dispatcher: does it run, which server does it know, what is its custody of the phone, and its term."""

    status: int = NOT_STARTED
    knows: int = -1
    custody: int = UNHELD
    losses: int = 0


class Server(NamedTuple):
    """What Redis knows beside the jobs: the term in the fence (0 for none), and whether the group is there."""

    fence: int
    group: int


class Faults(NamedTuple):
    """How many faults of each kind may still happen (or may happen in all)."""

    crashes: int = 0
    """A worker or a dispatcher dies between any two steps."""
    replies: int = 0
    """The reply of a command is lost after it ran, or a command comes late, or twice."""
    losses: int = 0
    """Redis forgets everything, with FLUSHALL or by a restart."""
    failovers: int = 0
    """A replica that lags behind becomes the server (a restart from a stale snapshot, if rule 4 is off)."""
    outages: int = 0
    """Nobody renews `seen` for longer than it lives."""
    stalls: int = 0
    """A worker lives, and is silent for longer than `hopper.call_timeout`."""
    retries: int = 0
    """No fault: a call ends busy, so that its order is called again."""


class World(NamedTuple):
    """Everything. `credit` is how many more orders may become uncertain for the faults that have happened."""

    server: Server
    replica: Server | None
    run: int
    sql_run: int
    dispatchers: tuple[Dispatcher, ...]
    left: Faults
    credit: int
    orders: tuple[Order, ...]

    def busy(self) -> int:
        """Return how many workers have a job."""
        return sum(len(job.workers) for order in self.orders for job in order.jobs)

    def term(self, epoch: int) -> int:
        """Return the present term of a dispatcher."""
        return term(epoch, self.dispatchers[epoch - 1].losses)


def first(orders: int, dispatchers: int, faults: Faults) -> World:
    """Return the world in which the first dispatcher has just started on an empty hopper."""
    rest = (Dispatcher(),) * (dispatchers - 1)
    running = Dispatcher(RUNNING, 0, HELD)
    return World(Server(term(1), 1), None, 0, 0, (running, *rest), faults, 0, (Order(),) * orders)
