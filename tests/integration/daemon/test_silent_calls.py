"""Calls of which nothing is heard any more, and what they leave behind in Redis."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from dispatcher.daemon.daemon import Daemon
from dispatcher.errors import TransientError
from dispatcher.hopper.watch import Watch
from dispatcher.loops.from_hopper.outcomes import apply_pending
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.reap import SILENT, Reap
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.mirror import attempts, tables
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State
from tests.integration.daemon.running import DAYS, Shifted, documents, running
from tests.waiting import eventually

ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}


class Line:
    """A daemon whose loops have been stopped after they had queued its calls; the first of them is begun.

    The dispatcher that queued them died before it could note their entries.
    """

    def __init__(self, daemon: Daemon, redis: Redis, phone: str, clock: Shifted) -> None:
        self.context, self.redis, self.phone, self.clock = daemon.context, redis, phone, clock
        self.custody = Custody(daemon.context)
        self.reap = Reap(daemon.context, self.custody)
        self.calls = f"dispatcher:{{{phone}}}:calls"
        self.job = self.entry = ""

    async def begin(self) -> None:
        def forget(connection: Connection) -> None:
            unknown = {"state": State.INTENT.value, "entry": None, "queued_at": None}
            connection.execute(update(tables.attempts).values(**unknown))

        await self.context.database.write(forget)
        found: Any = await self.redis.xreadgroup("dialers", "w", {self.calls: ">"}, count=1)
        self.entry, fields = found[self.calls][0][0]
        self.job = fields["job"]
        assert await self.redis.getdel(f"dispatcher:{{{self.phone}}}:call:{self.job}")

    async def says(self, **words: str) -> None:
        report: dict[Any, Any] = {"job": self.job, **words}
        await self.redis.xadd(f"dispatcher:{{{self.phone}}}:outcomes", report)
        await apply_pending(self.context, self.phone, self.custody.sure)

    async def is_seen_to_be_begun(self) -> None:
        await take_back(self.context, self.custody, [(await self.attempt(), "queueing_cut_off")])

    async def attempt(self) -> Attempt:
        return (await self.context.database.read(attempts.by_job, [self.job]))[self.job]

    async def claimed(self) -> list[str]:
        found: Any = await self.redis.xpending_range(self.calls, "dialers", "-", "+", 10)
        return [one["message_id"] for one in found]

    async def lies_there(self) -> bool:
        return bool(await self.redis.xrange(self.calls, self.entry, self.entry))

    async def wait_for_its_time(self) -> None:
        patience = self.context.settings.hopper.call_timeout + timedelta(seconds=1)
        self.clock.shift += patience
        # Redis counts a claim's silence by its own clock.
        idle = int(patience.total_seconds() * 1000)
        await self.redis.xclaim(self.calls, "dialers", "w", 0, [self.entry], idle=idle, justid=True)


@pytest.fixture
async def line(tmp_path: Path, redis_url: str) -> AsyncIterator[Line]:
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):

        async def queued() -> bool:
            live = await daemon.context.database.read(attempts.live)
            return bool(live) and len(live) == await documents(redis, phone)

        await eventually(queued, what="the calls to be queued")
        await daemon.triggers.stop()
        line = Line(daemon, redis, phone, clock)
        await line.begin()
        yield line


async def test_the_entry_that_a_worker_says_it_has_claimed_is_noted_and_removed_with_the_doubt(line: Line) -> None:
    await line.says(outcome="begun", entry=line.entry)
    assert (await line.attempt()).entry == line.entry
    await line.wait_for_its_time()
    await line.reap.run_once()
    found = await line.attempt()
    assert (found.state, found.why) == (State.UNCERTAIN, SILENT)
    assert await line.claimed() == []
    assert not await line.lies_there()


async def test_the_entry_of_a_call_whose_worker_never_said_a_word_is_removed_with_the_doubt(line: Line) -> None:
    await line.is_seen_to_be_begun()
    assert (await line.attempt()).entry is None
    await line.wait_for_its_time()
    await line.reap.run_once()
    assert (await line.attempt()).state is State.UNCERTAIN
    assert await line.claimed() == []
    assert not await line.lies_there()


async def test_a_sign_of_life_counts_although_the_mirror_never_learnt_the_entry(line: Line) -> None:
    await line.is_seen_to_be_begun()
    await line.wait_for_its_time()
    await line.redis.xclaim(line.calls, "dialers", "w", 0, [line.entry], justid=True)
    await line.reap.run_once()
    assert (await line.attempt()).state is State.DIALING


@pytest.mark.parametrize("entry", ["", "no entry", "1", "1-1 ", "9" * 20 + "-0"])
async def test_what_is_no_entry_is_not_noted(line: Line, entry: str) -> None:
    await line.says(outcome="begun", entry=entry)
    found = await line.attempt()
    assert (found.state, found.entry) == (State.DIALING, None)


async def test_an_entry_that_only_a_worker_has_told_does_not_make_the_queue_pass_for_lost(line: Line) -> None:
    await line.says(outcome="begun", entry="9999999999999-0")
    assert (await line.attempt()).entry == "9999999999999-0"
    assert await Custody(line.context).hold(line.phone)


async def test_a_doubt_that_is_cut_off_before_it_is_written_leaves_no_entry_behind(
    line: Line, monkeypatch: pytest.MonkeyPatch
) -> None:
    await line.says(outcome="begun", entry=line.entry)
    await line.wait_for_its_time()
    forget = Watch.forget

    async def cut_off(watch: Watch, phone: str, entries: list[str]) -> None:
        await forget(watch, phone, entries)
        raise TransientError("the dispatcher dies here")

    monkeypatch.setattr(Watch, "forget", cut_off)
    with pytest.raises(TransientError):
        await line.reap.run_once()
    assert (await line.attempt()).state is State.DIALING
    monkeypatch.undo()
    await line.reap.run_once()
    assert (await line.attempt()).state is State.UNCERTAIN
    assert not await line.lies_there()
