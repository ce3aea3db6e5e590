"""A cluster moves the slot of a phone to another node, key by key, and later loses that node to its replica."""

import asyncio
import time
from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest
import redis
from redis.cluster import ClusterNode, RedisCluster

from tests.fault.world import CONCURRENCY, World, a_world
from tests.several_servers import Cluster, running
from tests.waiting import eventually

_PHONE = "p0"
_ORDERS = 20


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running(Cluster(tmp_path / "servers")) as servers:
        yield servers


@pytest.fixture
async def world(tmp_path: Path, cluster: Cluster) -> AsyncIterator[World]:
    async with a_world(tmp_path, cluster.nodes[0], DISPATCHER_REDIS__URL=cluster.url) as made:
        made.admin = lambda: RedisCluster(
            startup_nodes=[ClusterNode("127.0.0.1", node.port) for node in cluster.nodes],  # type: ignore[no-untyped-call]
            decode_responses=True,
            require_full_coverage=False,
        )
        yield made


async def test_a_slot_that_moves_and_a_replica_that_takes_over_double_and_lose_nothing(
    world: World, cluster: Cluster
) -> None:
    """What is live then is in doubt at most: its queue is on another server than before."""
    daemon = world.daemon()
    for _ in range(2):
        world.worker(kit=True, at_once=CONCURRENCY, url=cluster.url, call_s=(0.05, 0.3))
    world.orders(_ORDERS)
    first = cluster.node_of(_PHONE)
    second = next(node for node in cluster.nodes if node is not first)
    for source, target in ((first, second), (second, first)):
        await _calls(world, 4)
        # Between two keys both dispatcher and dialers are sent from one node to the other, and come back.
        await asyncio.to_thread(cluster.move, _PHONE, source, target, lambda: time.sleep(0.03))
        world.facts.losses.append(time.monotonic())
    replica = await asyncio.to_thread(cluster.replica_of, first)
    world.orders(_ORDERS)
    await _calls(world, 4)
    first.kill()
    await eventually(lambda: _leads(replica.port), 60, "the replica to take over")
    world.facts.losses.append(time.monotonic())
    await _calls(world, 4)
    await world.settled()
    found = await world.honest()
    assert found.uncertain == found.uncertain_after_loss <= 3 * 2 * CONCURRENCY
    assert found.finished + found.uncertain == 2 * _ORDERS
    assert "has these keys elsewhere" in daemon.said(), "the dispatcher was never sent to another node"
    assert (world.daemons, daemon.code) == ([daemon], 0)


async def _calls(world: World, more: int) -> None:
    """Wait for more calls to be begun."""
    before = world.begun()
    await eventually(lambda: world.begun() >= before + more, 30, "calls")


def _leads(port: int) -> bool:
    with redis.Redis(port=port, decode_responses=True) as client:
        return str(client.info("replication")["role"]) == "master"
