"""SQL and Redis are brought to differ, and agree again as far as that is provable."""

from collections.abc import AsyncIterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis
from sqlalchemy import update

from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.daemon.reconciled import reconcile_once
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.reconcile import Done, Reconcile
from dispatcher.mirror import attempts, orders, tables
from dispatcher.mirror.attempts import Attempt
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import State
from dispatcher.model.order import OrderRecord
from tests.integration.daemon.running import DAYS, documents, running
from tests.waiting import eventually

ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}
CALLS = 10


class Bench:
    """A daemon whose loops have been stopped after they had queued its calls, and its Redis."""

    def __init__(self, daemon: Daemon, redis: Redis, phone: str) -> None:
        self.context, self.redis, self.phone = daemon.context, redis, phone
        self.settings = daemon.settings
        self.calls = f"dispatcher:{{{phone}}}:calls"
        self.outcomes = f"dispatcher:{{{phone}}}:outcomes"
        self.reconcile = Reconcile(daemon.context, Custody(daemon.context))

    async def live(self) -> list[Attempt]:
        return await self.context.database.read(attempts.live)

    async def change(self, job: str, **values: Any) -> None:
        def change(connection: Connection) -> None:
            connection.execute(update(tables.attempts).where(tables.attempts.c.job == job).values(**values))

        await self.context.database.write(change)

    async def change_order(self, order: str, **values: Any) -> None:
        def change(connection: Connection) -> None:
            connection.execute(update(tables.orders).where(tables.orders.c.uuid == order).values(**values))

        await self.context.database.write(change)

    async def record(self, order: str) -> OrderRecord:
        found = await self.context.database.read(orders.record, order)
        assert found is not None
        return found

    async def entries(self) -> list[str]:
        found: Any = await self.redis.xrange(self.calls)
        return [fields["job"] for _, fields in found]

    async def add_entry(self, job: str) -> str:
        return str(await self.redis.xadd(self.calls, {"job": job, "order": "order_x"}))

    async def results(self) -> list[tuple[str, str]]:
        """Compare and repair; return what was found and done, and see that a second time finds what is held only."""
        done = await self.reconcile.repair(await self.reconcile.compare())
        left = {finding.kind for finding in await self.reconcile.compare()}
        assert left == {one.finding.kind for one in done if one.done is Done.HELD}
        return [(one.finding.kind.value, one.done.value) for one in done]


@pytest.fixture
async def bench(tmp_path: Path, redis_url: str) -> AsyncIterator[Bench]:
    async with running(Clock(), redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):

        async def queued() -> bool:
            live = await daemon.context.database.read(attempts.live)
            return len(live) == await documents(redis, phone) == CALLS and {one.state for one in live} == {State.QUEUED}

        await eventually(queued, what="the calls to be queued")
        await daemon.triggers.stop()
        bench = Bench(daemon, redis, phone)
        for one in await bench.live():
            # As if they had been queued for a while.
            await bench.change(one.job, queued_at=one.created_at - timedelta(minutes=1))
        yield bench


async def test_what_agrees_is_left_alone(bench: Bench) -> None:
    assert await bench.results() == []
    assert await documents(bench.redis, bench.phone) == CALLS


async def test_an_entry_of_a_job_that_nobody_knows_is_removed_with_its_document(bench: Bench) -> None:
    await bench.add_entry("f" * 32)
    await bench.redis.set(f"dispatcher:{{{bench.phone}}}:call:{'f' * 32}", "{}", ex=60)
    assert await bench.results() == [("entry_of_unknown_job", "repaired")]
    assert "f" * 32 not in await bench.entries()
    assert await documents(bench.redis, bench.phone) == CALLS


async def test_an_unknown_call_that_a_dialer_has_claimed_is_held(bench: Bench) -> None:
    entry = await bench.add_entry("f" * 32)
    await bench.redis.set(f"dispatcher:{{{bench.phone}}}:seen:{'f' * 32}", entry, ex=60)
    await bench.redis.xreadgroup("dialers", "w", {bench.calls: ">"}, count=CALLS + 1)
    assert ("entry_of_unknown_job", "held") in await bench.results()
    assert "f" * 32 in await bench.entries()


@pytest.mark.parametrize("state", [State.FINISHED, State.REVOKED, State.UNCERTAIN])
async def test_what_an_ended_attempt_left_behind_cannot_be_begun_any_more(bench: Bench, state: State) -> None:
    [one, *_] = await bench.live()
    await bench.change(one.job, state=state.value)
    if state is not State.UNCERTAIN:
        await bench.change_order(one.order, live_job=None)
    assert await bench.results() == [("entry_of_ended_job", "repaired")]
    assert one.job not in await bench.entries()
    assert await documents(bench.redis, bench.phone) == CALLS - 1
    assert (await bench.context.database.read(attempts.by_job, [one.job]))[one.job].state is state


async def test_a_call_whose_entry_is_gone_is_taken_back_by_its_document(bench: Bench) -> None:
    [one, *_] = await bench.live()
    await bench.redis.xdel(bench.calls, str(one.entry))
    assert await bench.results() == [("call_without_entry", "repaired")]
    assert (await bench.context.database.read(attempts.by_job, [one.job]))[one.job].state is State.REVOKED
    assert (await bench.record(one.order)).live_state is None


async def test_a_call_of_which_nothing_is_left_counts_as_begun(bench: Bench) -> None:
    [one, *_] = await bench.live()
    await bench.redis.xdel(bench.calls, str(one.entry))
    await bench.redis.delete(f"dispatcher:{{{bench.phone}}}:call:{one.job}")
    await bench.results()
    assert (await bench.context.database.read(attempts.by_job, [one.job]))[one.job].state is State.DIALING
    assert (await bench.record(one.order)).live_state is State.DIALING


@pytest.mark.parametrize(
    ("state", "outcome", "closed_as"), [("revoked", None, None), ("finished", "completed", "completed")]
)
async def test_an_order_goes_on_from_the_attempt_that_still_seems_to_hold_it(
    bench: Bench, state: str, outcome: str | None, closed_as: str | None
) -> None:
    [one, *_] = await bench.live()
    await bench.redis.xdel(bench.calls, str(one.entry))
    await bench.change(one.job, state=state, outcome=outcome)
    assert await bench.results() == [("order_of_ended_job", "repaired")]
    record = await bench.record(one.order)
    assert (record.live_state, record.closed_as) == (None, closed_as)


async def test_an_order_that_an_unknown_job_holds_stays_held(bench: Bench) -> None:
    [one, *_] = await bench.live()
    [other, *_] = await _orders(bench) - {live.order for live in await bench.live()}
    await bench.change_order(other, live_job="nobody")
    assert await bench.results() == [("order_of_unknown_job", "held")]
    assert one.job in await bench.entries()


async def test_an_attempt_holds_its_order_again(bench: Bench) -> None:
    [one, *_] = await bench.live()
    await bench.change_order(one.order, live_job=None)
    assert await bench.results() == [("job_without_its_order", "repaired")]
    assert (await bench.record(one.order)).live_state is State.QUEUED


async def test_a_phone_with_calls_is_listed_again(bench: Bench) -> None:
    await bench.redis.srem("dispatcher:phones", bench.phone)
    assert await bench.results() == [("unlisted_phone", "repaired")]
    assert await bench.redis.smembers("dispatcher:phones") == {bench.phone}


async def test_the_queue_of_a_phone_that_is_no_more_is_removed(bench: Bench) -> None:
    await bench.context.queue.adopt("stray", create=True)
    assert await bench.results() == [("stray_phone", "repaired")]
    assert await bench.redis.keys("dispatcher:{stray}:*") == []
    assert await bench.redis.smembers("dispatcher:phones") == {bench.phone}


async def test_a_report_of_an_unknown_job_is_kept_as_a_dead_letter(bench: Bench) -> None:
    await bench.redis.xadd(bench.outcomes, {"job": "f" * 32, "outcome": "completed"})
    assert await bench.results() == [("report_of_unknown_job", "repaired")]
    assert await bench.redis.xlen(bench.outcomes) == 0


async def test_of_a_queue_that_is_lost_nothing_is_concluded(bench: Bench) -> None:
    [one, *_] = await bench.live()
    await bench.redis.delete(bench.calls)
    done = await bench.reconcile.repair(await bench.reconcile.compare())
    assert {result.done for result in done} == {Done.HELD}
    assert (await bench.context.database.read(attempts.by_job, [one.job]))[one.job].state is State.QUEUED


async def test_a_key_of_another_kind_hides_only_its_own_phone(bench: Bench) -> None:
    await bench.redis.set("dispatcher:{other}:calls", "no stream")
    await bench.redis.sadd("dispatcher:phones", "other")
    await bench.add_entry("f" * 32)
    assert await bench.results() == [("entry_of_unknown_job", "repaired")]


async def test_beside_a_daemon_the_command_only_looks(bench: Bench) -> None:
    await bench.add_entry("f" * 32)
    document = await reconcile_once(bench.settings, dry_run=False)
    assert (document["daemon_running"], document["repaired"], document["left"]) == (True, 0, 1)
    assert [one["done"] for one in document["findings"]] == ["found"]
    assert "f" * 32 in await bench.entries()


async def _orders(bench: Bench) -> set[str]:
    campaign = next(iter(bench.context.book.plans))
    return await bench.context.database.read(orders.of_campaign, campaign)
