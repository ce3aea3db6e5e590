"""SQL is locked, full, replaced or restarted, or commits and does not say so."""

import asyncio
import resource
import signal
import sqlite3
import threading
import time
from collections.abc import AsyncIterator
from pathlib import Path

import pytest
from sqlalchemy.engine import make_url

from dispatcher.mirror.database import Database
from tests.fault import crashing, injectors
from tests.fault.crashing import Fate
from tests.fault.processes import Daemon
from tests.fault.proxy import Proxy, proxied
from tests.fault.world import CONCURRENCY, World, a_world
from tests.servers import Postgres, Redis, end_sessions
from tests.waiting import eventually


async def test_a_locked_file_delays_calls_and_costs_none(world: World) -> None:
    world.daemon()
    world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
    world.orders(30)
    for _ in range(3):
        before = world.begun()
        await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
        await asyncio.to_thread(injectors.hold_sqlite, str(world.database.file), 2.0)
    await world.settled()
    assert (await world.honest()).uncertain == 0


async def test_a_full_disk_costs_no_call_and_is_recovered_from_when_there_is_room(world: World) -> None:
    """The file may not grow for a while; what was begun meanwhile is told once it may again."""
    daemon = Daemon(*world.environment(), world.folder / "daemon.log")
    world.daemons.append(daemon)
    ceiling = world.folder / "ceiling"
    daemon.start(_serve_within, daemon.environment, world.folder / "daemon.log", ceiling)
    world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
    world.orders(20)
    await eventually(lambda: world.begun() > 5, 30, "calls")
    ceiling.write_text("1")
    world.orders(40)
    await eventually(lambda: any("disk" in line for line in world.said()), 30, "the disk to be full")
    ceiling.write_text("0")
    await world.settled()
    assert (await world.honest()).uncertain == 0


def _serve_within(environment: dict[str, str], log: Path, ceiling: Path) -> None:
    """Be a dispatcher whose files may not grow while a file says so."""
    signal.signal(signal.SIGXFSZ, signal.SIG_IGN)

    def look() -> None:
        while True:
            full = ceiling.exists() and ceiling.read_text() == "1"
            resource.setrlimit(
                resource.RLIMIT_FSIZE, (4096 if full else resource.RLIM_INFINITY, resource.RLIM_INFINITY)
            )
            time.sleep(0.05)

    threading.Thread(target=look, daemon=True).start()
    crashing.serve(environment, log, Fate())


async def test_an_older_copy_of_the_file_calls_nobody_again_whose_call_redis_remembers(world: World) -> None:
    """The dispatcher is stopped, an older copy of its database is put back, and it is started again."""
    world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
    first = world.daemon()
    world.orders(5)
    await world.settled()
    await first.close()
    file = Path(str(world.database.file))
    kept = world.folder / "kept.db"
    with sqlite3.connect(file) as source, sqlite3.connect(kept) as target:
        source.backup(target)
    source.close()
    target.close()
    world.database.close()
    for part in ("", "-wal", "-shm"):
        Path(f"{file}{part}").unlink(missing_ok=True)
    kept.rename(file)
    world.database = Database(f"sqlite:///{file}")
    world.orders(5)
    world.daemon()
    await world.settled()
    found = await world.honest()
    assert (found.begun, found.uncertain) == (10, 0)


@pytest.fixture
async def before_postgres(postgres: Postgres) -> AsyncIterator[tuple[Proxy, dict[str, str]]]:
    """A proxy before PostgreSQL, and the URLs of a new database, straight and by way of it."""
    straight = postgres.fresh()
    url = make_url(straight)
    async with proxied(path=f"{url.query['host']}/.s.PGSQL.5432") as proxy:
        through = url.set(host="127.0.0.1", port=proxy.port, query={})
        yield proxy, {"database": straight, "by_way_of": through.render_as_string(hide_password=False)}


async def test_a_commit_whose_answer_is_lost_happens_once(
    tmp_path: Path, own_redis: Redis, before_postgres: tuple[Proxy, dict[str, str]]
) -> None:
    proxy, urls = before_postgres
    async with a_world(tmp_path, own_redis, **urls) as world:
        world.daemon()
        world.worker(at_once=CONCURRENCY, outcomes={"completed": 0.8, "no-answer": 0.2})
        world.orders(2)
        await eventually(world.begun, 30, "calls")
        for lost in range(15):
            world.orders(2)
            proxy.lose_reply_to("COMMIT")
            await eventually(lambda: proxy.lost > lost, 20, "an answer to be lost")  # noqa: B023
        await world.settled()
        assert (await world.honest()).uncertain == 0


async def test_a_postgres_that_ends_every_session_costs_no_call(
    tmp_path: Path, own_redis: Redis, before_postgres: tuple[Proxy, dict[str, str]]
) -> None:
    _, urls = before_postgres
    async with a_world(tmp_path, own_redis, **urls) as world:
        world.daemon()
        world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
        for _ in range(3):
            world.orders(10)
            before = world.begun()
            await eventually(lambda: world.begun() > before + 4, 30, "calls")  # noqa: B023
            await asyncio.to_thread(end_sessions, urls["database"])
            if not world.daemons[-1].alive:
                world.daemon()  # it was deposed by the end of the session that held its lock
        await world.settled()
        assert (await world.honest()).uncertain == 0
