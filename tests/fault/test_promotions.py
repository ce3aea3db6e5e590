"""A replica that has missed what happened is put in charge, again and again, while calls are in flight."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path
from typing import Any

import pytest
import redis

from tests.fault import phone_log
from tests.fault.world import CONCURRENCY, LEASE_S, World, a_world
from tests.several_servers import Watched, running
from tests.waiting import eventually

_PROMOTIONS = 2
_ORDERS = 90


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with running(Watched(tmp_path / "servers", down_after_ms=2100)) as servers:
        yield servers


@pytest.fixture
async def world(tmp_path: Path, watched: Watched) -> AsyncIterator[World]:
    async with a_world(tmp_path, watched.primary, DISPATCHER_REDIS__URL=watched.url) as made:
        yield made


async def test_stale_replicas_that_take_over_one_after_the_other_offer_no_begun_call_again(
    world: World, watched: Watched
) -> None:
    world.daemon()
    for _ in range(CONCURRENCY // 2):
        # Half as many as there are slots: the other calls wait when the replica hears of them for the last time.
        world.worker(kit=True, url=watched.url, call_s=(0.2, 0.4))
    world.orders(_ORDERS)
    offered = 0
    for _ in range(_PROMOTIONS):
        await eventually(lambda: len(_unread(watched.primary.port)) > 1, 30, "calls that wait for a dialer")
        watched.make_stale()
        stale_at = time.monotonic()
        await _calls(world, 4)
        # Who takes over so soon that documents still live was set up against the advice of `check`.
        await eventually(lambda: time.monotonic() > stale_at + 1.5 * LEASE_S, 20)  # noqa: B023
        begun = {call.job for call in phone_log.read(world.log_file).calls}
        offered += len(begun & _unread(watched.replica.port))
        watched.primary.kill()
        await eventually(watched.promoted, 30, "the replica to take over")
        world.facts.losses.append(time.monotonic())
        world.redis = watched.replica
        await asyncio.to_thread(watched.swap)
    await world.settled()
    found = await world.honest()
    assert offered, "the replicas knew all that had happened"
    assert found.uncertain == found.uncertain_after_loss <= _PROMOTIONS * 3 * CONCURRENCY
    assert found.finished + found.uncertain == _ORDERS


async def _calls(world: World, more: int) -> None:
    """Wait for more calls to be begun."""
    before = world.begun()
    await eventually(lambda: world.begun() >= before + more, 30, "calls")


def _unread(port: int) -> set[str]:
    """Return the jobs in the queue of a server that nobody has claimed, as far as it knows."""
    with redis.Redis(port=port, decode_responses=True) as client:
        if not client.exists("dispatcher:{p0}:calls"):
            return set()
        groups: Any = client.xinfo_groups("dispatcher:{p0}:calls")
        entries: Any = client.xrange("dispatcher:{p0}:calls", min=f"({groups[0]['last-delivered-id']}")
    return {fields["job"] for _, fields in entries}
