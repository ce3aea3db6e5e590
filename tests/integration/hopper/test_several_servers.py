"""The queues on several servers, by everything that the dispatcher asks of them."""

import asyncio
import re
from collections.abc import AsyncIterator, Iterator
from datetime import UTC, datetime, timedelta

import pytest

from dispatcher.clock import Clock
from dispatcher.daemon.check import check
from dispatcher.demo import redis_server
from dispatcher.errors import LostHopperError, TransientError
from dispatcher.hopper import connection, keys
from dispatcher.hopper.census import Census
from dispatcher.hopper.outcomes import Outcomes, Report
from dispatcher.hopper.queue import Finding, Queue, QueuedCall
from dispatcher.hopper.servers import at
from dispatcher.hopper.watch import Watch
from dispatcher.model.outcome import Outcome
from dispatcher.settings import load
from dispatcher.worker.answer import Result
from dispatcher.worker.claims import Claims
from dispatcher.worker.connection import clients
from dispatcher.worker.steps import Entry, Steps
from tests.integration.hopper.conftest import SERVERS
from tests.integration.hopper.line import PREFIX, in_time
from tests.several_servers import Cluster, Watched, running

BLOCK_S = 0.3


class Both:
    """The dispatcher's and a worker's side of a hopper on several servers."""

    def __init__(self, url: str) -> None:
        self.writer, self.reader = connection.clients(url, BLOCK_S)
        self.worker_reader, self.worker_writer = clients(url, BLOCK_S, 4, "worker")
        self.queue = Queue(self.writer, PREFIX, 5)
        self.watch = Watch(self.writer, PREFIX)
        self.outcomes = Outcomes(self.writer, self.reader, PREFIX)
        self.claims = Claims(self.worker_reader, PREFIX, "worker", None, Clock())
        self.steps = Steps(self.worker_writer, PREFIX, "worker")

    async def close(self) -> None:
        for client in (self.writer, self.reader, self.worker_reader, self.worker_writer):
            await client.aclose()

    async def enqueue(self, phone: str, job: str) -> str:
        call = QueuedCall(job, "campaign", "order", "assistant", in_time(), in_time(), f"document of {job}".encode())
        (entry,) = await self.queue.enqueue(phone, [call])
        assert entry is not None
        return entry

    async def claimed(self, number: int) -> dict[str, Entry]:
        """Claim until so many calls are claimed; return them by phone."""
        found: dict[str, Entry] = {}
        async with asyncio.timeout(60):
            while len(found) < number:
                found |= {entry.phone: entry for entry in await self.claims.some(10)}
        return found

    async def reports(self, phones: list[str], number: int) -> list[Report]:
        """Wait for reports until there are so many."""
        found: dict[str, Report] = {}
        async with asyncio.timeout(60):
            while len(found) < number:
                found |= {report.phone: report for report in await self.outcomes.wait(phones, BLOCK_S)}
        return list(found.values())


@pytest.fixture(scope="module", params=SERVERS, ids=SERVERS.get)
def cluster(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_server, "find_binary", lambda: request.param)
        with running(Cluster(tmp_path_factory.mktemp("cluster"))) as servers:
            yield servers


@pytest.fixture(scope="module")
def watched(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Watched]:
    with running(Watched(tmp_path_factory.mktemp("watched"))) as servers:
        yield servers


@pytest.fixture
async def both(cluster: Cluster) -> AsyncIterator[Both]:
    for node in cluster.nodes:
        node.flush()
    made = Both(cluster.url)
    yield made
    await made.close()


@pytest.fixture
def phones(cluster: Cluster) -> list[str]:
    """A phone of each node, in the nodes' order."""
    found: dict[int, str] = {}
    number = 0
    while len(found) < len(cluster.nodes):
        number += 1
        found.setdefault(cluster.nodes.index(cluster.node_of(f"phone-{number}")), f"phone-{number}")
    return [found[node] for node in sorted(found)]


async def test_a_call_goes_the_whole_way_on_every_node(both: Both, phones: list[str]) -> None:
    for phone in phones:
        await both.queue.adopt(phone, create=True)
        await both.enqueue(phone, f"job of {phone}")
    assert await both.watch.phones() == sorted(phones)
    claimed = await both.claimed(len(phones))
    for phone, entry in claimed.items():
        assert await both.steps.take(entry) == f"document of job of {phone}"
        assert await both.steps.take(entry) is None
        await both.steps.begun(entry)
        assert await both.steps.alive(entry)
        assert entry.id in await both.watch.silences(phone, [entry.id])
        assert entry.id in await both.watch.idle(phone, timedelta(0))
        await both.steps.finish(entry, Result(Outcome.COMPLETED))
        assert await both.watch.waiting_reports(phone) == 2
        assert [report.word for report in await both.outcomes.pending(phone)] == ["begun", "completed"]
    found = await both.reports(phones, len(phones))
    assert {report.job for report in found} == {f"job of {phone}" for phone in phones}
    await both.outcomes.drop([report for phone in phones for report in await both.outcomes.pending(phone)])
    assert [await both.watch.waiting_reports(phone) for phone in phones] == [0, 0, 0]
    assert [(await both.watch.depth(phone)).claimed for phone in phones] == [0, 0, 0]


async def test_calls_are_renewed_and_taken_back_on_every_node(both: Both, phones: list[str]) -> None:
    for phone in phones:
        await both.queue.adopt(phone, create=True)
        await both.enqueue(phone, "job")
        assert await both.queue.renew(phone, {"job": in_time()}) == {"job": True}
        assert await both.queue.take_back(phone, {"job": False}) == {"job": Finding.TAKEN}
        assert (await both.watch.depth(phone)).ready == 0


async def test_every_node_is_told_of_and_looked_at(both: Both, cluster: Cluster) -> None:
    census = await both.watch.census()
    assert len({server for _, _, server in census.ranges}) == len(cluster.nodes)
    assert Census.read(str(census)) == census
    assert sorted(server.name for server in await both.watch.servers()) == sorted(
        f"127.0.0.1:{node.port}" for node in cluster.nodes
    )
    assert all(abs(told - datetime.now(UTC)) < timedelta(seconds=5) for told in await both.watch.times())
    failover = await both.watch.failover()
    assert failover is not None
    assert failover.at_least == timedelta(seconds=4)
    assert not await both.watch.keeps_all(census)


async def test_a_node_that_is_away_keeps_the_others_from_nothing(
    both: Both, cluster: Cluster, phones: list[str]
) -> None:
    for phone in phones:
        await both.queue.adopt(phone, create=True)
    *others, doomed = phones
    before = await both.watch.census()
    cluster.node_of(doomed).kill()
    try:
        now = await both.watch.census()
        assert now.server(keys.calls(PREFIX, doomed)) is None
        assert now.remembering(before) == before
        for phone in others:
            await both.enqueue(phone, f"job of {phone}")
        claimed = await both.claimed(len(others))
        for entry in claimed.values():
            await both.steps.finish(entry, Result(Outcome.COMPLETED))
        assert {report.phone for report in await both.reports(phones, len(others))} == set(others)
        with pytest.raises(TransientError, match="Redis does not answer"):
            await both.enqueue(doomed, "job")
    finally:
        cluster.revive(cluster.node_of(doomed))
    after = await both.watch.census()
    assert after.server(keys.calls(PREFIX, doomed)) not in {None, before.server(keys.calls(PREFIX, doomed))}
    assert after.server(keys.calls(PREFIX, others[0])) == before.server(keys.calls(PREFIX, others[0]))
    with pytest.raises(LostHopperError):
        await both.enqueue(doomed, "job")


async def test_a_node_that_hangs_is_left_aside(both: Both, cluster: Cluster, phones: list[str]) -> None:
    for phone in phones:
        await both.queue.adopt(phone, create=True)
    *others, doomed = phones
    await both.claims.some(10)
    cluster.node_of(doomed).suspend()
    try:
        assert (await both.watch.census()).server(keys.calls(PREFIX, doomed)) is None
        for turn in range(2):
            for phone in others:
                await both.enqueue(phone, f"job {turn} of {phone}")
            for entry in (await both.claimed(len(others))).values():
                await both.steps.finish(entry, Result(Outcome.COMPLETED))
            reports = await both.reports(phones, len(others))
            assert {report.phone for report in reports} == set(others)
            await both.outcomes.drop(reports)
    finally:
        cluster.node_of(doomed).resume()
    async with asyncio.timeout(60):
        while (await both.watch.census()).silent():
            await asyncio.sleep(0.05)


async def test_a_phone_can_be_adopted_while_the_set_of_phones_is_away(
    both: Both, cluster: Cluster, phones: list[str]
) -> None:
    holder = cluster.node_of(keys.phones(PREFIX))
    phone = next(phone for phone in phones if cluster.node_of(phone) is not holder)
    await both.watch.census()
    holder.kill()
    try:
        await both.queue.adopt(phone, create=True)
        await both.enqueue(phone, "job")
    finally:
        cluster.revive(holder)
    assert await both.watch.phones() == []
    await both.queue.adopt(phone, create=False)
    assert await both.watch.phones() == [phone]


async def test_a_cluster_that_is_spoken_to_as_a_single_server_says_how_to(cluster: Cluster, phones: list[str]) -> None:
    client = connection.writer(cluster.nodes[0].url)
    with pytest.raises(TransientError, match=r"redis\.url begins with redis\+cluster://"):
        await Queue(client, PREFIX, 5).adopt(phones[2], create=True)
    await client.aclose()


async def test_sentinel_is_asked_where_the_primary_is(watched: Watched) -> None:
    hopper = connection.hopper(watched.url)
    watch = Watch(hopper, PREFIX)
    client = await at(hopper, "any")
    assert client.connection_pool.connection_kwargs["port"] == watched.primary.port
    failover = await watch.failover()
    assert failover is not None
    assert (failover.at_least, failover.setting) == (timedelta(seconds=1.5), "down-after-milliseconds 2500")
    assert not await watch.keeps_all(await watch.census())
    await hopper.aclose()


async def test_a_service_that_sentinel_does_not_know_is_told_of(watched: Watched) -> None:
    hopper = connection.hopper(watched.url.replace("/hopper/", "/another/"))
    with pytest.raises(
        TransientError, match=r"Sentinel does not tell where Redis is \(.*No such master.*: check the Sentinels"
    ):
        await Watch(hopper, PREFIX).census()
    await hopper.aclose()


@pytest.mark.parametrize(
    ("lease", "ok", "said"),
    [
        ("1s", True, r"takes over no sooner than 1\.5 s after a silence \(down-after-milliseconds 2500\)"),
        ("1500ms", False, r"may take over 1\.5 s after .* lower hopper\.lease or raise down-after-milliseconds"),
    ],
)
async def test_check_compares_the_lease_with_a_failover(watched: Watched, lease: str, ok: bool, said: str) -> None:
    settings = load(None, {"DISPATCHER_REDIS__URL": watched.url, "DISPATCHER_HOPPER__LEASE": lease})
    found = [one for one in await check(settings) if one.part == "redis"]
    assert all(one.ok for one in found) == ok
    told = [one for one in found if "down-after-milliseconds" in one.detail]
    assert len(told) == 1
    assert told[0].ok == ok
    assert re.search(said, told[0].detail)
