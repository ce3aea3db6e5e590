"""Every order in which the steps of a worker and of the dispatcher can meet on one call."""

from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass, field
from itertools import combinations, permutations

import pytest

from dispatcher.hopper.queue import Finding
from tests.integration.hopper.line import Line, too_late

PROOF = {Finding.TAKEN, Finding.LAPSED}


@dataclass
class Run:
    """One call, and what each side has learned of it."""

    line: Line
    entry: str | None = None
    document: str | None = None
    reported: str | None = None
    words: list[Finding] = field(default_factory=list)

    async def enqueue(self) -> None:
        await self.line.enqueue("job")

    async def enqueue_late(self) -> None:
        await self.line.enqueue("job", expires_at=too_late())

    async def renew(self) -> None:
        await self.line.renew()

    async def expire(self) -> None:
        await self.line.renew(until=too_late())

    async def take_back(self) -> None:
        self.words.append(await self.line.take_back(may_be_new=True))

    async def claim(self) -> None:
        found = await self.line.claim()
        self.entry = found[0] if found else None

    async def getdel(self) -> None:
        if self.entry is not None:
            self.document = await self.line.getdel()

    async def finish(self) -> None:
        if self.entry is not None:
            self.reported = "completed" if self.document else "gone"
            await self.line.finish(self.entry, outcome=self.reported)

    def check(self) -> None:
        proved = [word for word in self.words if word in PROOF]
        # What the dispatcher may queue anew was begun by nobody.
        assert not (proved and self.document)
        # A proof stays what it is, however often it is asked for.
        if proved:
            assert self.words[self.words.index(proved[0]) :] == [proved[0]] * len(
                self.words[self.words.index(proved[0]) :]
            )
        # Nothing is lost: the dispatcher has proof, or a worker has claimed the call and says what became of it.
        assert proved or self.entry is not None


Step = Callable[[Run], Awaitable[None]]

WORKER: tuple[Step, ...] = (Run.claim, Run.getdel, Run.finish)

DISPATCHER: dict[str, tuple[Step, ...]] = {
    "repeats": (Run.enqueue, Run.enqueue, Run.renew, Run.take_back, Run.take_back),
    "expiry": (Run.enqueue, Run.enqueue, Run.expire, Run.take_back, Run.take_back),
    "lateness": (Run.enqueue, Run.enqueue_late, Run.renew, Run.take_back),
}


def interleavings(steps: tuple[Step, ...]) -> Iterator[list[Step]]:
    for ordered in dict.fromkeys(permutations(steps)):
        total = len(ordered) + len(WORKER)
        for places in combinations(range(total), len(WORKER)):
            worker, dispatcher = iter(WORKER), iter(ordered)
            yield [next(worker) if place in places else next(dispatcher) for place in range(total)]


@pytest.mark.parametrize("steps", DISPATCHER.values(), ids=DISPATCHER)
async def test_no_call_is_both_taken_back_and_begun(line: Line, steps: tuple[Step, ...]) -> None:
    begun = taken_back = 0
    for number, order in enumerate(interleavings(steps)):
        line.phone, line.calls = f"phone-{number}", f"test:{{phone-{number}}}:calls"
        await line.queue.adopt(line.phone, create=True)
        run = Run(line)
        for step in order:
            await step(run)
        await run.take_back()
        try:
            run.check()
        except AssertionError:
            raise AssertionError([step.__name__ for step in order], run) from None
        begun += run.document is not None
        taken_back += run.words[-1] in PROOF
    # Both sides win now and then, or nothing was tried here.
    assert begun > 10
    assert taken_back > 10
    await line.redis.flushall()
