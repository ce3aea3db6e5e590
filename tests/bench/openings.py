"""What openings cost: the next change of a campaign, a turn in which nothing changes, a change, and room."""

import tracemalloc
from collections.abc import Callable
from datetime import datetime, timedelta
from itertools import islice

from dispatcher.loops.book import Book
from dispatcher.rules.openings import Openings
from dispatcher.rules.windows import next_change

from .fleet import Fleet
from .rivals import Jobs
from .rounds import Timing, timed

_TICKS = 1000
_CHANGES = 2000


def of_next_change(fleet: Fleet, at: datetime, rounds: int) -> Timing:
    """Return the cost of a campaign's next change."""

    def work() -> int:
        for _, week, zone in islice(fleet.timed(), _CHANGES):
            next_change(week, zone, at)
        return min(_CHANGES, len(fleet.uuids))

    return timed(work, rounds)


def of_idle_tick(fleet: Fleet, at: datetime, rounds: int) -> Timing:
    """Return the cost of a turn of the index in which no campaign opens or closes."""
    openings = Openings()
    openings.replace(fleet.timed(), at)

    def work() -> int:
        for _ in range(_TICKS):
            openings.advance(at)
            openings.next_change()
        return _TICKS

    return timed(work, rounds)


def of_idle_turn(fleet: Fleet, at: datetime, rounds: int) -> Timing:
    """Return the cost of all that a turn of the daemon asks its book, while the open campaigns have no order due."""
    book = Book(timedelta(minutes=10))
    book.replace(fleet.plans(), at)
    book.synced_at, book.hopper = at, None
    book.orders_synced_at = dict.fromkeys(book.plans, at)
    for uuid in list(book.open):
        book.empty(uuid, at + timedelta(minutes=1), book.mark(uuid))

    def work() -> int:
        for _ in range(_TICKS):
            book.advance(at)
            book.conditions(at)
            book.dialing(at)
            book.next_change()
            book.next_stir(at)
        return _TICKS

    return timed(work, rounds)


def of_change(fleet: Fleet, at: datetime, rounds: int) -> Timing:
    """Return what it costs that a campaign opens or closes: the turns in which any does, shared out among them."""
    openings = Openings()
    openings.replace(fleet.timed(), at)

    def work() -> int:
        changed = 0
        while changed < _CHANGES and (change := openings.next_change()) is not None:
            changed += len(openings.advance(change))
        return changed

    return timed(work, rounds)


def room(make: Callable[[], object], campaigns: int) -> float:
    """Return the bytes for each campaign that are taken by what is made."""
    tracemalloc.start()
    try:
        before, _ = tracemalloc.get_traced_memory()
        made = make()
        after, _ = tracemalloc.get_traced_memory()
        del made
    finally:
        tracemalloc.stop()
    return (after - before) / campaigns


def index(fleet: Fleet, at: datetime) -> Openings:
    """Return the index of the campaigns."""
    openings = Openings()
    openings.replace(fleet.timed(), at)
    return openings


def of_jobs_tick(jobs: Jobs, rounds: int) -> Timing:
    """Return the cost of a turn of APScheduler in which no job is due."""

    def work() -> int:
        for _ in range(_TICKS):
            jobs.tick()
        return _TICKS

    return timed(work, rounds)


def of_jobs_change(jobs: Jobs, rounds: int) -> Timing:
    """Return the cost of a job of APScheduler that is due."""

    def work() -> int:
        some = jobs.jobs[:_CHANGES]
        for job in some:
            jobs.change(job)
        return len(some)

    return timed(work, rounds)
