"""Redis loses an answer, forgets, refuses, stands still: nobody is called twice, nothing is lost, and it recovers."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from random import Random

import pytest

from tests.fault import injectors
from tests.fault.proxy import Proxy, proxied
from tests.fault.world import CONCURRENCY, World, a_world
from tests.servers import Redis
from tests.waiting import eventually

_MOST_COMMANDS = 20
_CHANCE = Random(4)  # noqa: S311 (a plan, and one that can be repeated)


@pytest.fixture
async def proxy(world: World) -> AsyncIterator[Proxy]:
    async with proxied(world.redis.port) as made:
        yield made


async def test_the_answer_to_any_command_of_a_dispatcher_may_be_lost_after_it_ran(world: World, proxy: Proxy) -> None:
    """One dispatcher loses the answer to its N-th command, N going up; what it does next must be safe to do twice."""
    world.daemon(redis_port=proxy.port)
    world.worker(at_once=4, outcomes={"completed": 0.8, "no-answer": 0.2})
    while proxy.lost < _MOST_COMMANDS:
        world.orders(2)
        proxy.lose_reply(proxy.lost % 15)
        before = proxy.lost
        await eventually(lambda: proxy.lost > before, 20, "an answer to be lost")  # noqa: B023
    await world.settled()
    assert (await world.honest()).uncertain == 0


async def test_the_answer_to_any_command_of_a_worker_may_be_lost_after_it_ran(world: World, proxy: Proxy) -> None:
    world.daemon()
    world.worker(at_once=1, port=proxy.port, says_begun=True)
    world.worker(at_once=1, port=proxy.port, kit=True)
    while proxy.lost < _MOST_COMMANDS:
        world.orders(1)
        proxy.lose_reply(proxy.lost % 7)
        before = proxy.lost
        await eventually(lambda: proxy.lost > before, 20, "an answer to be lost")  # noqa: B023
    # A claim whose answer was lost is taken back; a call is uncertain only if its worker is cut off in mid-call.
    await world.settled()
    assert (await world.honest()).uncertain == 0


@pytest.mark.parametrize(
    "name",
    ["hung up", "half-open", "slow Redis", "scripts flushed", "read-only", "out of memory"],
)
async def test_a_redis_that_is_in_trouble_for_a_while_costs_no_call(world: World, proxy: Proxy, name: str) -> None:
    world.daemon(redis_port=proxy.port)
    world.worker(at_once=2, call_s=(0.02, 0.1))
    world.worker(at_once=1, kit=True, port=proxy.port)
    for _ in range(2):
        world.orders(10)
        before = world.begun()
        await eventually(lambda: world.begun() > before + 2, 30, "calls")  # noqa: B023
        await injectors.HARMLESS[name][0](world, proxy, _CHANCE)
    await world.settled()
    assert (await world.honest()).uncertain == 0


@pytest.mark.parametrize("name", list(injectors.FORGETTING))
async def test_a_redis_that_forgets_costs_doubt_about_live_calls_and_nothing_else(
    world: World, proxy: Proxy, name: str
) -> None:
    world.daemon()
    world.worker(at_once=CONCURRENCY, call_s=(0.05, 0.2))
    world.orders(30)
    for _ in range(2):
        before = world.begun()
        await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
        await injectors.FORGETTING[name][0](world, proxy, _CHANCE)
        world.facts.losses.append(asyncio.get_running_loop().time())
    await world.settled()
    found = await world.honest()
    assert found.uncertain == found.uncertain_after_loss <= 2 * 2 * CONCURRENCY
    assert found.finished >= 30 - found.uncertain


async def test_a_redis_that_keeps_every_write_may_be_killed_and_costs_no_doubt(tmp_path: Path) -> None:
    redis = Redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    redis.start()
    try:
        async with a_world(tmp_path, redis) as world:
            world.daemon()
            world.worker(at_once=CONCURRENCY, call_s=(0.05, 0.2))
            world.orders(30)
            for _ in range(3):
                before = world.begun()
                await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
                redis.kill()
                redis.start()
                world.facts.losses.append(asyncio.get_running_loop().time())
            await world.settled()
            found = await world.honest()
            assert found.finished + found.uncertain == 30
    finally:
        redis.kill()
