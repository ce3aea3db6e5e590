"""The platform's own word on calls of which nothing was heard."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from dispatcher.clock import Clock
from dispatcher.loops.from_platform.doubts import Doubts
from dispatcher.mirror import attempts, orders, tables
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import LOST, State
from dispatcher.model.order import OrderRecord
from dispatcher.sandbox.store import Store
from tests.integration.daemon.running import DAYS, Shifted, running
from tests.waiting import eventually

ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}


class Bench:
    """A daemon whose loops have been stopped, two of its calls in doubt, and the platform."""

    def __init__(self, store: Store, doubts: Doubts, clock: Shifted) -> None:
        self.store, self.doubts, self.clock = store, doubts, clock
        self.context = doubts._context
        self.held: list[Attempt] = []

    def say(self, place: int, status: str) -> None:
        one = self.held[place]
        self.store.orders[one.campaign][one.order]["status"] = status

    async def attempt(self, place: int) -> Attempt:
        job = self.held[place].job
        return (await self.context.database.read(attempts.by_job, [job]))[job]

    async def record(self, place: int) -> OrderRecord:
        found = await self.context.database.read(orders.record, self.held[place].order)
        assert found is not None
        return found


@pytest.fixture
async def bench(tmp_path: Path, redis_url: str) -> AsyncIterator[Bench]:
    store, clock = Store(), Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS, store=store) as (daemon, _, _):
        database = daemon.context.database

        async def queued() -> bool:
            return len(await database.read(attempts.live)) > 1

        await eventually(queued, what="calls to be queued")
        await daemon.triggers.stop()
        bench = Bench(store, Doubts(daemon.context), clock)
        bench.held = (await database.read(attempts.live))[:2]
        await database.write(attempts.doubt, [one.job for one in bench.held], LOST, Clock().now())
        yield bench


@pytest.mark.parametrize(
    ("status", "outcome"),
    [("contacted", "completed"), ("failed", "failed"), ("canceled", "canceled"), ("do not call", "do-not-call")],
)
async def test_a_call_whose_end_the_platform_has_seen_is_finished_by_it(
    bench: Bench, status: str, outcome: str
) -> None:
    bench.say(0, status)
    await bench.doubts.run_once()
    found = await bench.attempt(0)
    assert (found.state, found.outcome, found.settled_by) == (State.FINISHED, outcome, "platform")
    assert found.settled_why is not None
    assert "the platform says of the order" in found.settled_why
    record = await bench.record(0)
    assert (record.closed_as, record.forbidden) == (outcome, outcome == "do-not-call")
    assert (await bench.attempt(1)).state is State.UNCERTAIN


@pytest.mark.parametrize("status", ["planned", "scheduled", "busy", "no-answer", "calling", "registered", "who knows"])
async def test_a_status_that_proves_nothing_leaves_the_call_held(bench: Bench, status: str) -> None:
    bench.say(0, status)
    await bench.doubts.run_once()
    assert (await bench.attempt(0)).state is State.UNCERTAIN
    assert (await bench.record(0)).live_state is State.UNCERTAIN


async def test_what_the_mirror_knows_already_needs_no_question(bench: Bench) -> None:
    def read(connection: Connection) -> None:
        mine = tables.orders.c.uuid == bench.held[1].order
        connection.execute(update(tables.orders).where(mine).values(status="contacted"))

    await bench.context.database.write(read)
    bench.store.delete_campaign(bench.held[0].campaign)
    await bench.doubts.run_once()
    assert (await bench.attempt(1)).state is State.FINISHED


async def test_a_campaign_is_asked_for_again_after_an_hour(bench: Bench) -> None:
    await bench.doubts.run_once()
    bench.say(0, "contacted")
    await bench.doubts.run_once()
    assert (await bench.attempt(0)).state is State.UNCERTAIN
    bench.clock.shift = timedelta(hours=1)
    await bench.doubts.run_once()
    assert (await bench.attempt(0)).state is State.FINISHED


async def test_a_doubt_of_a_week_ago_is_left_to_people(bench: Bench) -> None:
    bench.say(0, "contacted")
    bench.clock.shift = timedelta(days=7, seconds=1)
    await bench.doubts.run_once()
    assert (await bench.attempt(0)).state is State.UNCERTAIN


async def test_a_campaign_that_is_no_more_leaves_its_calls_held(bench: Bench) -> None:
    bench.store.delete_campaign(bench.held[0].campaign)
    await bench.doubts.run_once()
    assert (await bench.attempt(0)).state is State.UNCERTAIN
