"""An old and a new dispatcher, an old and a new worker, side by side: the new takes over, nobody is called twice."""

import asyncio
import signal
from pathlib import Path

from tests.fault.world import CONCURRENCY, World, a_world
from tests.servers import Postgres, Redis, end_sessions
from tests.waiting import eventually


async def test_a_new_dispatcher_takes_over_from_one_that_is_told_to_stop(world: World) -> None:
    """On SQLite the new one is refused for as long as the old one lives, as a supervisor would try it."""
    world.worker(at_once=2, call_s=(0.02, 0.1))
    world.worker(at_once=2, call_s=(0.02, 0.1), kit=True)
    old = world.daemon()
    for _ in range(2):
        world.orders(15)
        before = world.begun()
        await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
        refused = world.daemon()
        assert await refused.ended() != 0
        old.send(signal.SIGTERM)
        while old.alive:
            await asyncio.sleep(0.01)
        old = world.daemon()
    await world.settled()
    assert (await world.honest()).uncertain == 0


async def test_an_old_dispatcher_that_wakes_up_beside_a_new_one_gives_way(
    tmp_path: Path, own_redis: Redis, postgres_server: Postgres
) -> None:
    """The old one stands still in the middle of its work and loses its session; another is in charge when it wakes."""
    url = postgres_server.fresh()
    async with a_world(tmp_path, own_redis, database=url) as world:
        world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1), outcomes={"completed": 0.8, "no-answer": 0.2})
        for _ in range(2):
            world.orders(20)
            old = world.daemon()
            before = world.begun()
            await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
            old.send(signal.SIGSTOP)
            await asyncio.to_thread(end_sessions, url)
            new = world.daemon()
            await eventually(new.ready, 30, "the new dispatcher")
            old.send(signal.SIGCONT)
            world.orders(10)
            assert await old.ended() == 2
            new.send(signal.SIGTERM)
            assert await new.ended() == 0
        world.daemon()
        await world.settled()
        assert (await world.honest()).uncertain == 0
