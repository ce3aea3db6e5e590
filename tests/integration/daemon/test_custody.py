"""One phone's queue is lost, and what that does to its calls, to those that come late, and to other phones."""

from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest
from redis.asyncio import Redis

from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.errors import TransientError
from dispatcher.hopper.queue import QueuedCall
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.loops.in_hopper.settle import take_back
from dispatcher.loops.to_hopper.choose import share_out
from dispatcher.loops.to_hopper.dispatch import Dispatch
from dispatcher.loops.upkeep.health import Health
from dispatcher.mirror import attempts, history
from dispatcher.model.attempt import LOST, State
from dispatcher.reports.explain import explain
from dispatcher.reports.queues import queues
from dispatcher.reports.sources import Sources
from dispatcher.sandbox.store import Store
from tests.integration.daemon.running import DAYS, Shifted, documents, running
from tests.waiting import eventually

ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in DAYS}
FAST = {
    "DISPATCHER_HOPPER__LEASE": "1s",
    "DISPATCHER_HOPPER__CLAIM_TIMEOUT": "2s",
    # For so long what Redis has forgotten takes up its slots.
    "DISPATCHER_HOPPER__CALL_TIMEOUT": "5s",
}


async def test_a_script_that_comes_after_the_loss_was_settled_queues_nothing(tmp_path: Path, redis_url: str) -> None:
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        context = daemon.context
        await eventually(lambda: documents(redis, phone), what="calls to be queued")
        await daemon.triggers.stop()
        live = await context.database.read(attempts.live)
        custody = Custody(context)
        await redis.flushall()
        assert not await custody.hold(phone)
        clock.shift = context.settings.hopper.lease
        await custody.run_once()
        assert await custody.hold(phone)
        late = clock.now() + timedelta(seconds=30)
        calls = [QueuedCall(one.job, one.campaign, one.order, "ava", late, late, b"{}") for one in live]
        assert await context.queue.enqueue(phone, calls) == [None] * len(live)
        assert await documents(redis, phone) == 0
        after = await context.database.read(attempts.by_job, [one.job for one in live])
        assert {(one.state, one.why) for one in after.values()} == {(State.UNCERTAIN, LOST)}


async def test_calls_that_were_chosen_before_a_loss_are_not_queued_after_it_was_settled(
    tmp_path: Path, redis_url: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The answer to their commit is late: until it comes, they are given up, and Redis forgets that they were."""
    clock = Shifted(timedelta(0))
    async with running(clock, redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        context = daemon.context
        await eventually(lambda: documents(redis, phone), what="calls to be queued")
        await daemon.triggers.stop()
        custody = Custody(context)
        write = context.database.write

        async def give_up_all() -> None:
            live = await context.database.read(attempts.live, phone)
            assert await take_back(context, custody, [(one, "paused") for one in live]) == len(live) > 0

        async def written_and_told_late(change: Any, *arguments: Any, **named: Any) -> Any:
            done = await write(change, *arguments, **named)
            if change is share_out:
                await give_up_all()
                await redis.flushall()
                assert not await custody.still_there(phone)
                clock.shift += context.settings.hopper.lease
                await custody.run_once()
                assert await custody.hold(phone)
            return done

        await give_up_all()
        monkeypatch.setattr(context.database, "write", written_and_told_late)
        with pytest.raises(TransientError, match="made anew"):
            await Dispatch(context, custody).run_once()
        assert await documents(redis, phone) == 0
        assert await context.database.read(attempts.live) == []


async def test_a_phone_that_is_settled_after_a_loss_is_named_with_when_and_no_other(
    tmp_path: Path, redis_url: str
) -> None:
    async with running(Clock(), redis_url, tmp_path, ALWAYS) as (daemon, redis, phone):
        context = daemon.context
        await eventually(lambda: documents(redis, phone), what="calls to be queued")
        await daemon.triggers.stop()
        health, sources = Health(context, daemon.custody), Sources(context.settings, context.database, context.watch)
        [campaign] = context.book.plans

        async def told() -> list[dict[str, Any]]:
            await health.run_once()
            now = context.clock.now()
            found = (await explain(sources, campaign, None, now, now))["reasons"]
            return [one for one in found if one["code"] == "queue_recovering"]

        assert await told() == []
        daemon.custody.lose(phone)
        [reason] = await told()
        assert reason["until"] is not None
        assert "made anew 10s after that (hopper.lease)" in reason["detail"]
        [queue] = (await queues(sources, context.clock.now()))["phones"]
        assert queue["withheld"] == reason
        assert daemon.custody.withheld(["another"]) == {}
        context.settings = context.settings.model_copy(
            update={"hopper": context.settings.hopper.model_copy(update={"lease": timedelta(0)})}
        )
        await eventually(lambda: _settled(daemon), what="the queue to be made anew")
        assert await told() == []


@pytest.mark.parametrize("key", ["calls", "outcomes", "fence"])
async def test_a_stray_key_of_one_phone_holds_up_no_other_and_is_got_over(
    tmp_path: Path, redis_url: str, key: str
) -> None:
    store = Store()
    other = store.add_phone(number="+16054440130", status="active")["uuid"]
    fields: dict[str, Any] = {"outboundPhoneUuid": other, "outboundAssistantUuid": "ava", "schedule": ALWAYS}
    campaign = store.add_campaign(status="active", timezone="UTC", **fields)["uuid"]
    store.add_orders(campaign, [f"+1212556{place:04d}" for place in range(50)], status="planned")
    async with running(Clock(), redis_url, tmp_path, ALWAYS, store=store, settings=FAST) as (daemon, redis, phone):
        for one in (phone, other):
            await eventually(lambda one=one: documents(redis, one), what="calls of both phones")
        await redis.delete(f"dispatcher:{{{other}}}:{key}")
        await redis.hset(f"dispatcher:{{{other}}}:{key}", "stray", "key")
        await eventually(lambda: other in daemon.custody.recovering, what="the loss to be noticed")
        assert not daemon.health()["hopper"]["ok"]
        assert other in daemon.health()["hopper"]["detail"]
        assert phone not in daemon.custody.recovering
        await eventually(lambda: finish_one(redis, phone), what="a call of the other phone")
        await eventually(lambda: finished(daemon), what="its outcome")
        await eventually(lambda: other not in daemon.custody.recovering, what="the loss to be settled")
        found = await daemon.context.database.read(history.listed, states=[State.UNCERTAIN])
        assert {one.phone for one in found} == {other}
        await eventually(lambda: documents(redis, other), 40, "calls again")


async def _settled(daemon: Daemon) -> bool:
    await daemon.custody.run_once()
    return not daemon.custody.recovering


async def finish_one(redis: Redis, phone: str) -> bool:
    """Take a call and report its end."""
    calls, outcomes = f"dispatcher:{{{phone}}}:calls", f"dispatcher:{{{phone}}}:outcomes"
    found: Any = await redis.xreadgroup("dialers", "w", {calls: ">"}, count=1)
    if not found:
        return False
    entry, fields = found[calls][0][0]
    if await redis.getdel(f"dispatcher:{{{phone}}}:call:{fields['job']}") is None:
        return False
    async with redis.pipeline(transaction=True) as pipeline:
        pipeline.xadd(outcomes, {"job": fields["job"], "entry": entry, "outcome": "completed"})
        pipeline.xack(calls, "dialers", entry)
        pipeline.xdel(calls, entry)
        await pipeline.execute()
    return True


async def finished(daemon: Daemon) -> bool:
    return bool(await daemon.context.database.read(history.listed, states=[State.FINISHED]))
