"""A hopper on several servers: a stale replica that takes over, and a shard of a cluster that dies."""

import asyncio
from collections import Counter
from collections.abc import Iterator
from pathlib import Path

import pytest
from redis.asyncio.cluster import ClusterNode, RedisCluster
from redis.asyncio.retry import Retry
from redis.asyncio.sentinel import Sentinel
from redis.backoff import NoBackoff

from dispatcher.worker import Call, Outcome, Worker
from tests.acceptance.harness import Daemon, Platform, RawDialer, dialing
from tests.several_servers import SERVICE, Cluster, Watched, running
from tests.waiting import eventually

ORDERS = 40


class SentinelDialer(RawDialer):
    """The four plain commands, sent to whatever Sentinel calls the primary."""

    def __init__(self, servers: Watched, phone: str) -> None:
        super().__init__(servers.primary.url, phone, call_s=0.6)
        self.sentinel = Sentinel([("127.0.0.1", servers.sentinel.port)])  # type: ignore[no-untyped-call]
        self.redis = self.sentinel.master_for(
            SERVICE, decode_responses=True, protocol=3, retry=Retry(NoBackoff(), 0), socket_timeout=2
        )
        self.claimed: list[str] = []

    async def take(self, job: str) -> dict[str, object] | None:
        self.claimed.append(job)
        return await super().take(job)

    async def close(self) -> None:
        await self.redis.aclose()
        await self.sentinel.aclose()


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    with running(Watched(tmp_path / "servers")) as servers:
        yield servers


@pytest.fixture
def cluster(tmp_path: Path) -> Iterator[Cluster]:
    with running(Cluster(tmp_path / "servers")) as servers:
        yield servers


async def test_a_stale_replica_that_takes_over_offers_no_begun_call_again(
    platform: Platform, watched: Watched, tmp_path: Path
) -> None:
    campaign = platform.campaign(orders=ORDERS)
    daemon = Daemon(
        tmp_path,
        platform.server.url,
        watched.url,
        DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND="50",
        DISPATCHER_HOPPER__LEASE="1s",
        DISPATCHER_HOPPER__CLAIM_TIMEOUT="2s",
        # What is uncertain keeps its slot for as long as it might be on the line.
        DISPATCHER_HOPPER__CALL_TIMEOUT="5s",
    )
    dialers = [SentinelDialer(watched, platform.phone) for _ in range(5)]
    try:
        await eventually(lambda: _checked(daemon, "a replica takes over no sooner than 1.5 s"), what="check to say so")
        await daemon.start()
        async with dialing(*dialers):
            await eventually(lambda: _begun(dialers) >= 5, what="calls")
            watched.make_stale()
            stale_since = _begun(dialers)
            # The replica knows that these were queued, and not that they are being called.
            await eventually(lambda: _begun(dialers) >= stale_since + 4, what="calls that the replica does not know of")
            watched.primary.kill()
            await eventually(watched.promoted, 30, "the replica to take over")
            await eventually(lambda: _settled(daemon, ORDERS), 60, "every order called or held")
            await eventually(daemon.ready, what="the daemon to be ready again")
        states = (await daemon.json("status"))["attempts"]
    finally:
        for dialer in dialers:
            await dialer.close()
        await daemon.stop()
    begun = Counter(str(call["callOrderUuid"]) for one in dialers for call in one.begun)
    assert set(begun.values()) == {1}
    assert set(begun) <= set(platform.store.orders[campaign])
    # What was never begun is called in the end, and only what was in the hopper at that moment is left to a person.
    assert len(begun) > stale_since + 10
    assert states["finished"] + states["uncertain"] == ORDERS
    assert states["finished"] >= ORDERS / 2
    claimed = Counter(job for one in dialers for job in one.claimed)
    assert max(claimed.values()) > 1, "the replica has offered nothing that was claimed before: it was not stale"


async def test_a_shard_that_dies_and_comes_back_empty_concerns_its_phones_only(
    platform: Platform, cluster: Cluster, tmp_path: Path
) -> None:
    phones = _one_phone_of_each_node(platform, cluster)
    campaigns = {phone: platform.campaign(outboundPhoneUuid=phone) for phone in phones}
    for place, campaign in enumerate(campaigns.values()):
        platform.orders(campaign, ORDERS, start=place * 100)
    daemon = Daemon(
        tmp_path,
        platform.server.url,
        cluster.url,
        DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND="20",
        DISPATCHER_HOPPER__LEASE="1s",
        DISPATCHER_HOPPER__CLAIM_TIMEOUT="2s",
        DISPATCHER_HOPPER__CALL_TIMEOUT="5s",
    )
    begun: dict[str, list[str]] = {phone: [] for phone in phones}

    async def dial(call: Call) -> Outcome:
        begun[call.phone_uuid].append(call.call_order_uuid)
        await asyncio.sleep(0.1)
        return Outcome.COMPLETED

    # A phone of the shard that dies, not the one with the set of phones, has a dialer of another kind, too.
    doomed = phones[1]
    host = ClusterNode("127.0.0.1", cluster.nodes[0].port)
    raw = RawDialer(cluster.nodes[0].url, doomed)
    await raw.redis.aclose()
    raw.redis = RedisCluster(startup_nodes=[host], decode_responses=True, protocol=3, require_full_coverage=False)  # type: ignore[assignment]
    worker = Worker(cluster.url, concurrency=12)
    try:
        await daemon.start()
        working = asyncio.create_task(worker.run(dial))
        async with dialing(raw):
            await eventually(lambda: all(len(some) >= 3 for some in begun.values()), what="calls on every phone")
            cluster.node_of(doomed).kill()
            others = {phone: len(begun[phone]) for phone in phones if phone != doomed}
            await eventually(
                lambda: all(len(begun[phone]) >= before + 15 for phone, before in others.items()),
                30,
                "calls on the other phones",
            )
            told = (await daemon.get("/readyz")).json()["parts"]["hopper"]
            assert "Redis does not answer for the slots" in told["detail"]
            await eventually(lambda: _stands_against(daemon, campaigns[doomed], "queue_unreachable"), what="the reason")
            assert not await _stands_against(daemon, campaigns[phones[0]], "queue_unreachable")
            cluster.node_of(doomed).start()
            await eventually(lambda: _settled(daemon, ORDERS * len(phones)), 60, "every order called or held")
        worker.stop()
        await working
        jobs = (await daemon.json("jobs", "--state", "uncertain"))["jobs"]
    finally:
        worker.stop()
        await raw.close()
        await daemon.stop()
    called = Counter([order for some in begun.values() for order in some])
    called.update(str(call["callOrderUuid"]) for call in raw.begun)
    assert set(called.values()) == {1}
    for phone in others:
        assert sorted(begun[phone]) == sorted(platform.store.orders[campaigns[phone]])
    assert {job["phone"] for job in jobs} <= {doomed}


def _one_phone_of_each_node(platform: Platform, cluster: Cluster) -> list[str]:
    """Return a phone of each node, in the nodes' order."""
    phones: dict[int, str] = {}
    while len(phones) < len(cluster.nodes):
        phone = str(platform.store.add_phone(number="+16054440129", status="active", provider="vapi")["uuid"])
        phones.setdefault(cluster.nodes.index(cluster.node_of(phone)), phone)
    return [phones[number] for number in sorted(phones)]


def _begun(dialers: list[SentinelDialer]) -> int:
    return sum(len(one.begun) for one in dialers)


async def _settled(daemon: Daemon, orders: int) -> bool:
    found = (await daemon.get("/api/status")).json()["attempts"]
    return bool(found["finished"] + found["uncertain"] == orders)


async def _stands_against(daemon: Daemon, campaign: str, code: str) -> bool:
    found = (await daemon.get(f"/api/campaigns/{campaign}/explain")).json()["reasons"]
    return code in {reason["code"] for reason in found}


async def _checked(daemon: Daemon, words: str) -> bool:
    """Tell whether `check` says these words; a server that is slow to answer lets it say others."""
    _, output, _ = await daemon.command("check", "-o", "json")
    return words in output
