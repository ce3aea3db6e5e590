"""A whole system of its own for one test of faults: platform, Redis, SQL, dispatchers, workers, telephone log.

Its times are short, so that what dies is made up for within seconds.
"""

import signal
import time
from collections.abc import AsyncIterator, Callable, Mapping, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import replace
from pathlib import Path
from typing import Any

import redis as sync_redis
from sqlalchemy import Connection, func, select

from dispatcher.clock import Clock
from dispatcher.errors import TransientError
from dispatcher.mirror import orders as mirrored
from dispatcher.mirror.database import Database
from dispatcher.mirror.tables import attempts, orders
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from tests.fault import kit_worker, phone_log, raw_worker
from tests.fault.crashing import Fate
from tests.fault.history import Facts, Verdict, check
from tests.fault.leftovers import leftovers
from tests.fault.phone_log import PhoneLog
from tests.fault.processes import OPERATOR, Daemon, WorkerProcess, free_port
from tests.fault.raw_worker import Habits
from tests.servers import Redis
from tests.waiting import eventually

TOKEN = "a-token-of-the-sandbox"
ALWAYS = {day: {"start": "00:00", "end": "24:00"} for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
LEASE_S, CLAIM_S, CALL_S = 1.0, 1.5, 4.0
CONCURRENCY, RATE = 4, 100.0


class World:
    """One phone and one campaign that is always open, until a test adds more."""

    def __init__(
        self,
        folder: Path,
        redis: Redis,
        *,
        database: str | None = None,
        by_way_of: str | None = None,
        clock: Clock | None = None,
        concurrency: int = CONCURRENCY,
        rate: float = RATE,
        **more: str,
    ) -> None:
        self.folder, self.redis = folder, redis
        # Past every proxy, too.
        self.admin: Callable[[], Any] = lambda: sync_redis.Redis(
            port=self.redis.port, decode_responses=True, protocol=3
        )
        self.clock = clock or Clock()
        self.store = Store()
        self.server = Server(create_app(self.store, TOKEN, self.clock))
        self.facts = Facts(concurrency, rate)
        # The test looks at SQL past every proxy, which could not serve it while it waits.
        self.database = Database(database or f"sqlite:///{folder / 'dispatcher.db'}")
        self._dispatchers_database = by_way_of or database or f"sqlite:///{folder / 'dispatcher.db'}"
        self.log_file = folder / "calls"
        self.log = PhoneLog(self.log_file)
        self.more = more
        self.daemons: list[Daemon] = []
        self.workers: list[WorkerProcess] = []
        self.fate = Fate()
        self._numbers = 0
        self.phones: list[str] = []
        self.phone()
        self.campaign()

    def phone(self) -> str:
        """Add a phone."""
        uuid = f"p{len(self.phones)}"
        self.store.add_phone(uuid=uuid, number="+16054440129", status="active")
        self.phones.append(uuid)
        return uuid

    def campaign(self, uuid: str = "c0", phone: str = "p0", **fields: Any) -> str:
        """Add a campaign that is always open unless `fields` say otherwise."""
        known = {"name": uuid, "status": "active", "timezone": "UTC", "schedule": ALWAYS}
        known |= {"outboundPhoneUuid": phone, "outboundAssistantUuid": "ava"}
        self.store.add_campaign(uuid=uuid, **(known | fields))
        return uuid

    def orders(self, count: int, campaign: str = "c0") -> list[str]:
        """Add planned orders, each to a person of its own."""
        added = []
        for _ in range(count):
            self._numbers += 1
            uuid = f"o{self._numbers}"
            self.store.add_order(campaign, f"+1212{2_000_000 + self._numbers}", uuid=uuid)
            added.append(uuid)
        return added

    def environment(self, redis_port: int | None = None) -> tuple[dict[str, str], int]:
        """Return a dispatcher's settings, and the port of its page."""
        port = free_port()
        return {
            "DISPATCHER_API__BASE_URL": self.server.url,
            "DISPATCHER_API__TOKEN": TOKEN,
            "DISPATCHER_DATABASE__URL": self._dispatchers_database,
            "DISPATCHER_REDIS__URL": f"redis://127.0.0.1:{redis_port or self.redis.port}/0",
            "DISPATCHER_SYNC__INTERVAL": "1s",
            "DISPATCHER_SYNC__ORDERS_INTERVAL": "500ms",
            "DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND": str(self.facts.rate),
            "DISPATCHER_LIMITS__PHONE_CONCURRENCY": str(self.facts.concurrency),
            "DISPATCHER_HOPPER__LEASE": str(LEASE_S),
            "DISPATCHER_HOPPER__CLAIM_TIMEOUT": str(CLAIM_S),
            "DISPATCHER_HOPPER__CALL_TIMEOUT": str(CALL_S),
            "DISPATCHER_RETRIES__NO_ANSWER": "100ms",
            "DISPATCHER_RETRIES__FAILED": "100ms",
            "DISPATCHER_RETRIES__PERSON_GAP": "0s",
            "DISPATCHER_CALLING_RULES__ENABLED": "false",
            "DISPATCHER_HTTP__BIND": f"127.0.0.1:{port}",
            "DISPATCHER_HTTP__TOKEN": OPERATOR,
            "DISPATCHER_LOG__FORMAT": "json",
            **self.more,
        }, port

    def daemon(self, fate: Fate | None = None, redis_port: int | None = None) -> Daemon:
        """Start a dispatcher."""
        made = Daemon(*self.environment(redis_port), self.folder / "daemon.log")
        self.daemons.append(made)
        self.facts.starts.append(time.monotonic())
        made.begin(fate or self.fate)
        return made

    def worker(self, kit: bool = False, **habits: Any) -> WorkerProcess:
        """Start a worker, a raw one or one of the kit."""
        name = f"w{len(self.workers)}"
        given = Habits(self.redis.port, self.phones, self.log_file, name, seed=len(self.workers))
        made = WorkerProcess(replace(given, **habits), self.log, kit_worker.main if kit else raw_worker.main)
        self.workers.append(made)
        made.begin()
        return made

    def begun(self) -> int:
        """Return how many calls were begun."""
        return len(phone_log.read(self.log_file).calls)

    def states(self) -> dict[str, int]:
        """Return how many attempts are in each state; none while nobody has made the schema."""
        counted = select(attempts.c.state, func.count()).group_by(attempts.c.state)
        try:
            return dict(tuple(row) for row in self.database.run(lambda connection: connection.execute(counted).all()))
        except TransientError:
            return {}

    def unsettled(self) -> int:
        """Return how many orders wait or are under way; those that are held as uncertain are settled."""
        try:
            return self.database.run(_unsettled, sum(map(len, self.store.orders.values())))
        except TransientError:
            return 1  # no dispatcher has made the schema yet, or the file is in use

    async def settled(self, within_s: float = 60.0) -> None:
        """Wait until every order of the platform is done with, without help."""
        await eventually(lambda: not self.unsettled(), within_s, f"every order settled: {self.more}")

    async def verdict(self) -> Verdict:
        """Stop workers and dispatchers in order, and hold what happened against the promises."""
        for worker in self.workers:
            worker.dead()
            worker.send(signal.SIGTERM)
        for worker in self.workers:
            await worker.ended()
        await self._drained()
        for daemon in self.daemons:
            daemon.send(signal.SIGTERM)
        for daemon in self.daemons:
            await daemon.ended()
        self.facts.crashes += sum(worker.dead() for worker in self.workers)
        found = check(phone_log.read(self.log_file), self.database, self.facts)
        with self.admin() as client:
            found.wrong += leftovers(client)
        return found

    async def _drained(self) -> None:
        """Wait until the last reports are applied, if a dispatcher lives to do it."""
        if any(daemon.alive for daemon in self.daemons):
            # The verdict names what is left.
            with self.admin() as client, suppress(AssertionError):
                await eventually(lambda: not leftovers(client), 30, "Redis to hold nothing more")

    async def honest(self) -> Verdict:
        """Return the verdict, which must be that every promise was kept."""
        found = await self.verdict()
        assert found.faults() == [], "\n".join([*found.faults()[:20], *self.said()])
        return found

    def said(self) -> Sequence[str]:
        """Return the last lines that dispatchers have written."""
        return (self.folder / "daemon.log").read_text().splitlines()[-30:]

    async def close(self) -> None:
        """Be done with everything."""
        for worker in self.workers:
            worker.kill()
        for daemon in self.daemons:
            await daemon.close()
        await self.server.stop()
        self.log.close()
        self.database.close()


@asynccontextmanager
async def a_world(folder: Path, redis: Redis, **options: Any) -> AsyncIterator[World]:
    """Make a world with a platform that answers, and end it."""
    world = World(folder, redis, **options)
    await world.server.start()
    try:
        yield world
    finally:
        await world.close()


def _unsettled(connection: Connection, listed: int) -> int:
    live = select(func.count()).where(attempts.c.state.in_(("intent", "queued", "dialing"))).select_from(attempts)
    waiting = select(func.count()).where(mirrored.is_waiting).select_from(orders)
    known = select(func.count()).select_from(orders)
    found = [int(connection.execute(counted).scalar_one()) for counted in (live, waiting, known)]
    return found[0] + found[1] + max(0, listed - found[2])


def row_of(world: World, order: str) -> Mapping[str, Any]:
    """Return an order as SQL has it."""
    return dict(
        world.database.run(
            lambda connection: connection.execute(select(orders).where(orders.c.uuid == order)).mappings().one()
        )
    )
