"""What befalls a running system: each fault by a name, each undone by itself. Times are seconds."""

import asyncio
import signal
import sqlite3
import threading
from collections.abc import Awaitable, Callable
from contextlib import suppress
from random import Random
from typing import Any

import redis as sync_redis
from redis.asyncio import Redis
from redis.exceptions import RedisError

from dispatcher.clock import Clock
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from tests.fault.proxy import Proxy
from tests.fault.world import TOKEN, World

Injector = Callable[[World, Proxy, Random], Awaitable[None]]


def admin(world: World) -> Redis:
    """Return a connection of an operator, past every proxy."""
    return Redis.from_url(world.redis.url, decode_responses=True, protocol=3)


async def _told(world: World, *command: Any) -> None:
    client: Any = admin(world)
    try:
        with suppress(RedisError):
            await client.execute_command(*command)
    finally:
        await client.aclose()


async def lost_reply(_world: World, proxy: Proxy, chance: Random) -> None:
    """The answer to one of the next commands is lost after it has run."""
    proxy.lose_reply(chance.randrange(8))


async def hung_up(_world: World, proxy: Proxy, _chance: Random) -> None:
    """Every connection ends."""
    proxy.hang_up()


async def half_open(_world: World, proxy: Proxy, chance: Random) -> None:
    """Connections stay open and carry nothing."""
    proxy.swallow()
    await asyncio.sleep(chance.uniform(0.2, 6.0))
    proxy.flow()


async def slow_redis(world: World, _proxy: Proxy, chance: Random) -> None:
    """Redis answers nobody for a while."""
    await _told(world, "CLIENT", "PAUSE", chance.randrange(50, 1000), "ALL")


async def scripts_flushed(world: World, _proxy: Proxy, _chance: Random) -> None:
    """Redis forgets its scripts."""
    await _told(world, "SCRIPT", "FLUSH")


async def read_only(world: World, _proxy: Proxy, chance: Random) -> None:
    """Redis is a replica of nobody, and takes no writes."""
    await _told(world, "REPLICAOF", "127.0.0.1", "1")
    await asyncio.sleep(chance.uniform(0.1, 1.0))
    await _told(world, "REPLICAOF", "NO", "ONE")


async def out_of_memory(world: World, _proxy: Proxy, chance: Random) -> None:
    """Redis has no room, and evicts nothing."""
    await _told(world, "CONFIG", "SET", "maxmemory", "1")
    await asyncio.sleep(chance.uniform(0.1, 1.0))
    await _told(world, "CONFIG", "SET", "maxmemory", "0")


async def sql_locked(world: World, _proxy: Proxy, chance: Random) -> None:
    """Somebody else writes to the SQLite file for a while."""
    await asyncio.to_thread(hold_sqlite, str(world.database.file), chance.uniform(0.2, 3.0))


def hold_sqlite(file: str, seconds: float) -> None:
    """Keep every other writer out of a SQLite file for so long."""
    connection = sqlite3.connect(file, timeout=5, isolation_level=None)
    try:
        with suppress(sqlite3.OperationalError):
            connection.execute("BEGIN IMMEDIATE")
            threading.Event().wait(seconds)
            connection.execute("ROLLBACK")
    finally:
        connection.close()


async def stopped_dispatcher(world: World, _proxy: Proxy, chance: Random) -> None:
    """The dispatcher's process stands still, and goes on."""
    world.daemons[-1].send(signal.SIGSTOP)
    await asyncio.sleep(chance.uniform(0.2, 3.0))
    world.daemons[-1].send(signal.SIGCONT)


async def stopped_worker(world: World, _proxy: Proxy, chance: Random) -> None:
    """A worker's process stands still for longer than its claims live, and goes on."""
    alive = [one for one in world.workers if one.alive and one.habits.at_once == 1]
    if alive:
        worker = chance.choice(alive)
        worker.send(signal.SIGSTOP)
        await asyncio.sleep(chance.uniform(1.0, 3.5))
        worker.send(signal.SIGCONT)


async def killed_worker(world: World, _proxy: Proxy, chance: Random) -> None:
    """A worker with at most one call dies."""
    alive = [one for one in world.workers if one.alive and one.habits.at_once == 1]
    if alive:
        worker = chance.choice(alive)
        worker.kill()
        worker.dead()


async def killed_dispatcher(world: World, _proxy: Proxy, _chance: Random) -> None:
    """The dispatcher dies."""
    world.daemons[-1].kill()


async def ended_dispatcher(world: World, _proxy: Proxy, _chance: Random) -> None:
    """The dispatcher is told to stop, and does."""
    world.daemons[-1].send(signal.SIGTERM)
    await world.daemons[-1].ended()


async def platform_gone(world: World, _proxy: Proxy, chance: Random) -> None:
    """The platform does not answer."""
    await world.server.stop()
    await asyncio.sleep(chance.uniform(0.2, 2.0))
    world.server = Server(create_app(world.store, TOKEN, Clock()), port=world.server.port)
    await world.server.start()


async def stepped_clock(world: World, _proxy: Proxy, chance: Random) -> None:
    """The dispatcher's clock is an hour or a day off for a moment."""
    if world.fate.clock is not None:
        world.fate.clock.write_text(str(chance.choice([-86400, -3600, 3600, 86400])))
        await asyncio.sleep(chance.uniform(0.5, 2.0))
        world.fate.clock.write_text("0")


async def flushed(world: World, _proxy: Proxy, _chance: Random) -> None:
    """Redis forgets everything."""
    await _told(world, "FLUSHALL")


async def restarted_redis(world: World, _proxy: Proxy, _chance: Random) -> None:
    """Redis dies, comes back and knows nothing."""
    world.redis.kill()
    world.redis.start()


async def group_deleted(world: World, _proxy: Proxy, chance: Random) -> None:
    """Somebody deletes the group of a phone's queue."""
    await _told(world, "XGROUP", "DESTROY", f"dispatcher:{{{chance.choice(world.phones)}}}:calls", "dialers")


async def stream_deleted(world: World, _proxy: Proxy, chance: Random) -> None:
    """Somebody deletes a phone's queue."""
    await _told(world, "DEL", f"dispatcher:{{{chance.choice(world.phones)}}}:calls")


async def fence_deleted(world: World, _proxy: Proxy, chance: Random) -> None:
    """Somebody deletes a phone's fence."""
    await _told(world, "DEL", f"dispatcher:{{{chance.choice(world.phones)}}}:fence")


HARMLESS: dict[str, tuple[Injector, float]] = {
    "lost reply": (lost_reply, 12),
    "hung up": (hung_up, 4),
    "half-open": (half_open, 1),
    "slow Redis": (slow_redis, 3),
    "scripts flushed": (scripts_flushed, 3),
    "read-only": (read_only, 2),
    "out of memory": (out_of_memory, 2),
    "SQL locked": (sql_locked, 2),
    "dispatcher stopped": (stopped_dispatcher, 2),
    "worker stopped": (stopped_worker, 4),
    "worker killed": (killed_worker, 40),
    "dispatcher killed": (killed_dispatcher, 4),
    "dispatcher ended": (ended_dispatcher, 1),
    "platform gone": (platform_gone, 1),
    "clock stepped": (stepped_clock, 1),
}
"""Faults after which nothing may be lost or in doubt but the one call of a killed worker, with their weights."""

FORGETTING: dict[str, tuple[Injector, float]] = {
    "flushed": (flushed, 1),
    "Redis restarted": (restarted_redis, 1),
    "group deleted": (group_deleted, 1),
    "stream deleted": (stream_deleted, 1),
    "fence deleted": (fence_deleted, 1),
}
"""Faults by which Redis forgets: what was live then and is not reported is held as uncertain.

These worlds have one server; `test_promotions.py` puts stale replicas in charge.
"""


def ping(port: int) -> bool:
    """Tell whether a Redis answers."""
    try:
        with sync_redis.Redis(port=port, protocol=3, socket_timeout=1) as client:
            return bool(client.ping())
    except RedisError:
        return False
