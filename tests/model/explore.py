"""Breadth-first through every world that can be reached, so that the first counterexample is a shortest one."""

import time
from collections import deque
from collections.abc import Iterator
from typing import NamedTuple

from tests.model import dispatching, faulting, working
from tests.model.moves import Move
from tests.model.rules import ALL_ON, Rules
from tests.model.sameness import ENDED, canonical
from tests.model.world import IS_DIALING, NOT_BEGUN, ON_THE_LINE, Faults, Job, World, first


class Bounds(NamedTuple):
    """How large the world is, and how much may go wrong in it."""

    orders: int = 2
    workers: int = 2
    dispatchers: int = 2
    takes: int = 1
    overlap: bool = True
    faults: Faults = Faults()


class Found(NamedTuple):
    """What an exploration has shown. `trace` leads to `violation`; both are empty if nothing was found."""

    violation: str
    trace: tuple[str, ...]
    states: int
    moves: int
    depth: int
    seconds: float
    complete: bool


def moves(world: World, bounds: Bounds, rules: Rules) -> Iterator[Move]:
    """Every step that may come next."""
    yield from dispatching.steps(world, rules, bounds.takes)
    yield from working.steps(world, rules, bounds.workers)
    yield from faulting.passing(world, overlap=bounds.overlap)
    yield from faulting.arriving(world, rules)
    yield from faulting.faults(world, rules, bounds.workers)


def violated(before: World, after: World) -> str:
    """Return what promise a step has broken, if any."""
    if after.credit < 0:
        return "more orders are uncertain than faults excuse"
    for old, new in zip(before.orders, after.orders, strict=True):
        if old is new:
            continue
        held = [job for job in new.jobs if job.sql not in ENDED]
        if len(held) > 1:
            return "two live attempts of an order"
        for number, job in enumerate(new.jobs):
            was = old.jobs[number] if number < len(old.jobs) else None
            # Each begin changes a worker, whatever the truth was before.
            begins = was is not None and len(job.workers) == len(was.workers) and _begins(was, job)
            if not begins:
                continue
            if was is not None and was.truth != NOT_BEGUN:
                return "an attempt was begun twice"
            if new.called or any(other.truth == ON_THE_LINE for k, other in enumerate(new.jobs) if k != number):
                return "a double dial: an order was begun while another attempt of it may be on the line"
    return ""


def _begins(was: Job, job: Job) -> bool:
    return (
        job.workers != was.workers
        and bool(was.redis.document)
        and sum(does == IS_DIALING for does in job.workers) > sum(does == IS_DIALING for does in was.workers)
    )


def settled(world: World) -> bool:
    """Whether every order is resolved, or held as uncertain."""
    return all(order.settled for order in world.orders)


class _Seen:
    """The worlds that have been reached, each with the step that first led to it, and those before it."""

    def __init__(self, start: World) -> None:
        self.numbers: dict[World, int] = {start: 0}
        self.came: list[tuple[int, str]] = [(-1, "")]
        self.depths = [0]
        self.before: list[list[int]] = [[]]

    def add(self, world: World, here: int, step: str) -> int:
        there = self.numbers[world] = len(self.came)
        self.came.append((here, step))
        self.depths.append(self.depths[here] + 1)
        self.before.append([])
        return there

    def trace(self, at: int, *last: str) -> tuple[str, ...]:
        steps = list(last)
        while at > 0:
            at, step = self.came[at]
            steps.insert(0, step)
        return tuple(steps)


def explore(bounds: Bounds, rules: Rules = ALL_ON, *, most: int | None = None) -> Found:
    """Explore until something is found, everything has been seen, or `most` worlds have."""
    began = time.monotonic()
    start = canonical(first(bounds.orders, bounds.dispatchers, bounds.faults), rules)
    seen = _Seen(start)
    goals: list[int] = []
    queue = deque([start])
    made = 0
    complete = True

    def found(violation: str, trace: tuple[str, ...] = ()) -> Found:
        return Found(violation, trace, len(seen.came), made, seen.depths[-1], time.monotonic() - began, complete)

    while queue:
        world = queue.popleft()
        here = seen.numbers[world]
        if settled(world):
            goals.append(here)
        for move in moves(world, bounds, rules):
            made += 1
            if wrong := violated(world, move.world):
                return found(wrong, seen.trace(here, said(move)))
            after = canonical(move.world, rules)
            there = seen.numbers.get(after)
            if there is None:
                if most is not None and len(seen.came) >= most:
                    complete = False
                    continue
                there = seen.add(after, here, said(move))
                queue.append(after)
            if not move.fault:
                seen.before[there].append(here)
    stuck = _stuck(seen.before, goals) if complete else None
    return found("") if stuck is None else found(_STUCK, seen.trace(stuck))


_STUCK = "an order is never settled again without a further fault"


def said(move: Move) -> str:
    """Return a move in words."""
    return f"{move.name}: {move.about}" if move.about else move.name


def _stuck(before: list[list[int]], goals: list[int]) -> int | None:
    """Return the first world from which no goal can be reached, given the worlds before each."""
    reaches = bytearray(len(before))
    queue = deque(goals)
    for goal in goals:
        reaches[goal] = 1
    while queue:
        for earlier in before[queue.popleft()]:
            if not reaches[earlier]:
                reaches[earlier] = 1
                queue.append(earlier)
    for number, good in enumerate(reaches):
        if not good:
            return number
    return None
