"""PostgreSQL is restarted or breaks transactions off: the same dispatcher goes on by itself, and loses nobody."""

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import Any

import psycopg
import pytest

from tests.fault.processes import Daemon
from tests.fault.world import CONCURRENCY, World, a_world
from tests.servers import Postgres, Redis
from tests.waiting import eventually

_HOLDS_THE_LOCK = "SELECT 1 FROM pg_locks WHERE locktype = 'advisory' AND granted AND objid = 1"
_LIVE = "SELECT job, \"order\" FROM attempts WHERE state IN ('queued', 'dialing') ORDER BY created_at DESC LIMIT 1"
_SOMEBODY_WAITS = "SELECT 1 FROM pg_stat_activity WHERE datname = current_database() AND wait_event_type = 'Lock'"


@pytest.fixture
def url(postgres: Postgres) -> str:
    """The URL of an empty database."""
    return postgres.fresh()


@pytest.fixture
async def world(tmp_path: Path, own_redis: Redis, url: str) -> AsyncIterator[World]:
    async with a_world(tmp_path, own_redis, database=url) as made:
        yield made


@pytest.mark.parametrize("how", ["immediate", "fast"])
async def test_a_postgres_that_is_restarted_costs_no_call_and_no_dispatcher(
    world: World, postgres: Postgres, url: str, how: str
) -> None:
    daemon = world.daemon()
    world.worker(at_once=CONCURRENCY, call_s=(0.02, 0.1))
    world.orders(20)
    await eventually(lambda: world.begun() > 5, 30, "calls")
    await asyncio.to_thread(postgres.halt, how)
    await eventually(lambda: _says(daemon, "cannot be used"), 20, "readiness to say so")
    await asyncio.to_thread(postgres.go_on)
    await eventually(daemon.ready, 30, "the dispatcher to be ready again")
    await world.settled()
    # Its lock went with its session; until it has it again, another dispatcher would be let in and depose it.
    await eventually(lambda: _asked(url, _HOLDS_THE_LOCK), 30, "the dispatcher to hold its lock again")
    assert (await world.honest()).uncertain == 0
    assert (world.daemons, daemon.code) == ([daemon], 0)


@pytest.mark.parametrize(
    ("setting", "fault"),
    [
        ("deadlock_timeout = '1s'", "deadlock detected"),
        ("lock_timeout = '100ms'", "canceling statement due to lock timeout"),
        ("default_transaction_isolation = 'repeatable read'", "could not serialize access"),
    ],
)
async def test_an_outcome_whose_transaction_postgres_breaks_off_is_applied_by_the_next(
    world: World, url: str, setting: str, fault: str
) -> None:
    with psycopg.connect(url, autocommit=True) as admin:
        admin.execute(f"ALTER DATABASE {admin.info.dbname} SET {setting}")
    daemon = world.daemon()
    world.worker(at_once=CONCURRENCY, call_s=(0.2, 0.4))
    world.orders(8)
    await eventually(lambda: _asked(url, _LIVE), 20, "a call")
    with psycopg.connect(url) as rival:
        await _hinder(daemon, rival, fault)
    await eventually(daemon.ready, 30, "the dispatcher to be ready again")
    await world.settled()
    assert (await world.honest()).uncertain == 0
    assert (world.daemons, daemon.code) == ([daemon], 0)


async def _hinder(daemon: Daemon, rival: psycopg.Connection[Any], fault: str) -> None:
    """Hold the row of an order for which the dispatcher comes, which has changed that of its attempt, by then."""
    for own in ("deadlock_timeout = '1h'", "lock_timeout = 0", "default_transaction_isolation = 'read committed'"):
        rival.execute(f"SET {own}")
    rival.commit()
    [job, order] = rival.execute(_LIVE).fetchone() or ["", ""]
    rival.execute("UPDATE orders SET digest = digest WHERE uuid = %s", [order])
    if "lock timeout" not in fault:
        await eventually(lambda: _asked(rival.info.dsn, _SOMEBODY_WAITS), 20, "the dispatcher to wait")
    if "deadlock" in fault:
        # PostgreSQL looks for a circle when one has waited for as long as its setting says, and breaks that one off.
        await asyncio.to_thread(rival.execute, "UPDATE attempts SET why = why WHERE job = %s", [job])
    if "serialize" in fault:
        rival.commit()
    await eventually(lambda: _says(daemon, fault), 20, f"readiness to say: {fault}")


def _asked(url: str, query: str) -> Any:
    """Return the first row of an answer; None if there is none."""
    try:
        with psycopg.connect(url) as connection:
            return connection.execute(query).fetchone()
    except psycopg.errors.UndefinedTable:
        return None  # the dispatcher has not begun yet


async def _says(daemon: Daemon, words: str) -> bool:
    """Tell whether a dispatcher says that it is not ready, and why."""
    answer = await daemon.get("/readyz")
    return answer is not None and not answer.is_success and words in answer.text
