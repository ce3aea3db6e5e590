"""One shard of a cluster comes back as another process: whose queues are lost, by real custody and a real cluster."""

from collections.abc import AsyncIterator, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta
from pathlib import Path

import pytest
from sqlalchemy import update

from dispatcher.api.client import Platform
from dispatcher.daemon.parts import assembled, opened
from dispatcher.errors import TransientError
from dispatcher.hopper.queue import Finding, QueuedCall
from dispatcher.loops.context import Context
from dispatcher.loops.in_hopper.custody import Custody
from dispatcher.mirror import attempts, record, tables
from dispatcher.mirror.database import Connection
from dispatcher.model.attempt import LOST, State
from dispatcher.settings import load
from tests.integration.daemon.running import Shifted
from tests.integration.mirror.things import attempt_in
from tests.several_servers import Cluster, running
from tests.waiting import eventually


@pytest.fixture(scope="module")
def cluster(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    with running(Cluster(tmp_path_factory.mktemp("cluster"))) as servers:
        yield servers


class Shards:
    """A dispatcher's custody, and a call in the queue of a phone on each of two nodes, `doomed` and `safe`.

    `idle` is held on the doomed node and has no call; `unused` is there too and nobody holds it.
    """

    def __init__(self, context: Context, clock: Shifted, cluster: Cluster) -> None:
        self.context, self.clock, self.cluster = context, clock, cluster
        self.custody = Custody(context)
        named = [f"phone-{number}" for number in range(100)]
        here = [phone for phone in named if cluster.node_of(phone) is cluster.nodes[2]]
        self.doomed, self.idle, self.unused = here[:3]
        self.safe = next(phone for phone in named if cluster.node_of(phone) is cluster.nodes[0])

    async def fill(self) -> None:
        assert await self.custody.hold(self.idle)
        for number, phone in enumerate([self.doomed, self.safe]):
            assert await self.custody.hold(phone)
            await self.context.database.write(_live, phone, number)
            late = self.clock.now() + timedelta(seconds=60)
            call = QueuedCall(f"job of {phone}", "campaign", f"order {number}", "ava", late, late, b"{}")
            [entry] = await self.context.queue.enqueue(phone, [call])
            assert entry is not None
            await self.context.database.write(attempts.queued, [(call.job, entry)], self.clock.now())

    def replace(self) -> None:
        """Let the doomed node come back empty, as another process."""
        node = self.cluster.nodes[2]
        node.kill()
        self.cluster.revive(node)

    async def answers(self) -> bool:
        """Look who serves what; tell whether everybody answers."""
        try:
            await self.custody.check_server()
        except TransientError:
            return False
        return not self.custody.silent

    async def state(self, phone: str) -> tuple[State, str | None]:
        [found] = (await self.context.database.read(attempts.by_job, [f"job of {phone}"])).values()
        return found.state, found.why


def _live(connection: Connection, phone: str, number: int) -> None:
    attempt_in(connection, State.INTENT, f"job of {phone}", f"order {number}", number)
    table = tables.attempts
    connection.execute(update(table).where(table.c.job == f"job of {phone}").values(phone=phone))


@pytest.fixture
async def shards(cluster: Cluster, tmp_path: Path) -> AsyncIterator[Shards]:
    for node in cluster.nodes:
        node.flush()
    values = {
        "DISPATCHER_API__BASE_URL": "http://localhost",
        "DISPATCHER_API__TOKEN": "token",
        "DISPATCHER_DATABASE__URL": f"sqlite:///{tmp_path / 'dispatcher.db'}",
        "DISPATCHER_REDIS__URL": cluster.url,
    }
    settings, clock = load(None, values), Shifted(timedelta(0))
    async with AsyncExitStack() as stack:
        database = await opened(settings, stack)
        epoch = await database.write(record.begin_epoch, "host", clock.now())
        nobody = Platform("http://localhost", "", settings.api.timeout, clock)
        context = assembled(settings, clock, database, nobody, stack, epoch=epoch, nudge=lambda _loop: None)
        made = Shards(context, clock, cluster)
        await made.fill()
        yield made


async def test_the_queues_on_another_process_are_lost_also_those_without_a_call_and_no_others(shards: Shards) -> None:
    shards.replace()
    await eventually(shards.answers, what="every node to answer")
    assert shards.custody.recovering == {shards.doomed, shards.idle}
    held = [await shards.custody.hold(phone) for phone in (shards.doomed, shards.idle, shards.safe, shards.unused)]
    assert held == [False, False, True, True]
    terms = [shards.context.queue.term(phone) for phone in (shards.doomed, shards.idle, shards.safe)]
    assert terms == [1, 1, 0]


async def test_only_the_calls_of_the_lost_shard_are_in_doubt_once_it_is_settled(shards: Shards) -> None:
    shards.replace()
    await eventually(shards.answers, what="every node to answer")
    shards.clock.shift += shards.context.settings.hopper.lease
    await shards.custody.run_once()
    assert shards.custody.recovering == frozenset()
    assert await shards.state(shards.doomed) == (State.UNCERTAIN, LOST)
    assert await shards.state(shards.safe) == (State.QUEUED, None)
    job = f"job of {shards.safe}"
    assert await shards.context.queue.take_back(shards.safe, {job: False}) == {job: Finding.TAKEN}


async def test_a_shard_that_is_away_is_left_alone_and_not_lost_until_it_is_known_to_be_another(shards: Shards) -> None:
    node = shards.cluster.nodes[2]
    node.kill()
    try:
        assert not await shards.answers()
        assert shards.custody.recovering == frozenset()
        assert not await shards.custody.hold(shards.doomed)
        assert await shards.custody.hold(shards.safe)
    finally:
        shards.cluster.revive(node)
    await eventually(shards.answers, what="every node to answer")
    assert shards.custody.recovering == {shards.doomed, shards.idle}


async def test_a_dispatcher_that_starts_knows_which_shard_is_another_than_its_predecessor_saw(shards: Shards) -> None:
    shards.replace()
    shards.custody = Custody(shards.context)
    await eventually(shards.answers, what="every node to answer")
    # Of what the predecessor held without a call nothing is known, and nothing can come of it.
    assert shards.custody.recovering == {shards.doomed}
    assert await shards.custody.hold(shards.safe)
    assert await shards.state(shards.safe) == (State.QUEUED, None)
