"""Faults and meetings that were found by attacking the running system: each broke a promise once."""

import asyncio

import pytest

from tests.acceptance.harness import Daemon, Platform
from tests.acceptance.seen import Make, MakeDialer, begin, depth, states
from tests.servers import Redis
from tests.waiting import eventually


@pytest.mark.parametrize("reported", [True, False])
async def test_a_queue_that_is_forgotten_under_its_last_call_is_noticed_and_the_call_settled(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, own_redis: Redis, reported: bool
) -> None:
    platform.campaign(orders=1)
    daemon = make_daemon(
        DISPATCHER_HOPPER__LEASE="1s", DISPATCHER_HOPPER__CLAIM_TIMEOUT="2s", DISPATCHER_HOPPER__CALL_TIMEOUT="60s"
    )
    dialer = make_dialer()
    await daemon.start()
    entry, job = await begin(dialer)
    await eventually(lambda: states(daemon, dialing=1), what="the call to be seen as begun")
    own_redis.flush()
    if reported:
        await dialer.finish(entry, job, "completed")
    await eventually(lambda: states(daemon, finished=int(reported), uncertain=int(not reported)), what="its end")


async def test_a_pause_empties_a_hopper_that_is_out_of_memory(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=5)
    daemon = make_daemon(DISPATCHER_HOPPER__LEASE="20s", DISPATCHER_HOPPER__CLAIM_TIMEOUT="20s")
    dialer = make_dialer()
    await daemon.start()
    await eventually(dialer.documents, what="a call")
    await dialer.redis.config_set("maxmemory", "1mb")
    assert (await daemon.post(f"/api/campaigns/{campaign}/pause", {"reason": "no room"})).status_code == 200
    await eventually(lambda: depth(dialer, 0), 1, "the hopper to be empty")


async def test_an_order_whose_attempts_are_spent_stays_closed_when_the_platform_shows_how_its_call_went(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    campaign = platform.campaign(orders=1)
    daemon, dialer = make_daemon(DISPATCHER_RETRIES__MAX_ATTEMPTS="1"), make_dialer()
    await daemon.start()
    entry, job = await begin(dialer)
    [order] = platform.store.orders[campaign].values()
    order["status"] = "calling"
    await eventually(lambda: _explained(daemon, campaign, order["uuid"], "calling"), what="the status in the mirror")
    await dialer.finish(entry, job, "no-answer")
    await eventually(lambda: states(daemon, finished=1), what="the outcome")
    order["status"] = "no answer"
    await eventually(lambda: _explained(daemon, campaign, order["uuid"], "attempts_exhausted"), what="the reason")
    await asyncio.sleep(1.5)  # two passes over the orders, in which nothing may happen
    assert await depth(dialer, 0)


async def test_a_redis_that_forgets_calls_does_not_let_more_be_placed_at_once_than_the_limit(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, own_redis: Redis
) -> None:
    platform.campaign(orders=10)
    daemon = make_daemon(DISPATCHER_LIMITS__PHONE_CONCURRENCY="3", DISPATCHER_HOPPER__LEASE="1s")
    dialer = make_dialer()
    await daemon.start()
    calls = [await begin(dialer) for _ in range(3)]
    own_redis.kill()
    own_redis.start()
    dialer = make_dialer()  # the connections of the other one have ended
    await eventually(lambda: states(daemon, uncertain=3), what="the loss to be settled")
    await asyncio.sleep(2)  # more than a turn of every loop, in which nothing may happen
    assert await depth(dialer, 0), "three people are on the line, and a fourth could be called"
    await dialer.finish(*calls[0], "completed")
    await eventually(dialer.documents, what="the next call, as soon as there is room")


async def test_a_no_that_comes_after_another_outcome_still_counts(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer
) -> None:
    platform.campaign(orders=1)
    daemon, dialer = make_daemon(), make_dialer()
    await daemon.start()
    entry, job = await begin(dialer)
    await dialer.finish(entry, job, "completed")
    await dialer.finish(entry, job, "do-not-call")
    await eventually(lambda: states(daemon, finished=1), what="the outcome")
    second = platform.campaign(orders=1, name="The same person")
    order = next(iter(platform.store.orders[second]))
    await eventually(lambda: _explained(daemon, second, order, "do_not_call"), what="the reason")
    assert await depth(dialer, 0)


async def _explained(daemon: Daemon, campaign: str, order: str, words: str) -> bool:
    code, output, _ = await daemon.command("explain", campaign, order, "-o", "json")
    return code in {0, 1} and words in output
