"""Redis is killed while calls wait and are on the line: what it kept goes on, what it may have lost is held."""

import signal
import sqlite3
from collections import Counter
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from redis.exceptions import RedisError

from dispatcher.model.attempt import State
from tests.acceptance.harness import Daemon, Platform, RawDialer, dialing
from tests.acceptance.seen import Make, MakeDialer
from tests.servers import Redis
from tests.waiting import eventually

ORDERS = 8
PERSISTENCE = {
    "always": ("--appendonly", "yes", "--appendfsync", "always"),
    "everysec": ("--appendonly", "yes", "--appendfsync", "everysec"),
    "none": (),
}


@pytest.fixture
def own_redis(tmp_path: Path, request: pytest.FixtureRequest) -> Iterator[Redis]:
    server = Redis(tmp_path, *PERSISTENCE[request.param])
    server.start()
    yield server
    server.kill()


def keeps_all(daemon: Daemon) -> bool:
    """Tell what the daemon has noted of its Redis."""
    with sqlite3.connect(daemon.folder / "dispatcher.db") as database:
        [[found]] = database.execute("SELECT keeps_all FROM daemon")
    database.close()
    return bool(found)


async def under_way(dialer: RawDialer) -> list[tuple[str, str]]:
    """Let three calls be claimed and all but the last of them begun; return them by entry and job."""
    await eventually(lambda: all_ready(dialer), what="every call to be queued")
    claimed = [await eventually(dialer.claim, what="a call") for _ in range(3)]
    jobs = [(entry, fields["job"]) for entry, fields in claimed]
    for _, job in jobs[:2]:
        assert await dialer.take(job)
    return jobs


async def all_ready(dialer: RawDialer) -> bool:
    return len(await dialer.documents()) == ORDERS


async def status(daemon: Daemon) -> Any:
    # Not by a command: it is asked for again and again.
    return (await daemon.get("/api/status")).json()


async def states(daemon: Daemon) -> dict[str, int]:
    try:
        found: dict[str, int] = (await status(daemon))["attempts"]
    except httpx.TransportError:
        return dict.fromkeys(State, 0)  # it starts again
    return found


async def all_are(daemon: Daemon, **expected: int) -> bool:
    found = await states(daemon)
    return all(found[state] == number for state, number in expected.items())


def called(dialer: RawDialer) -> Counter[Any]:
    return Counter(call["callOrderUuid"] for call in dialer.begun)


@pytest.mark.parametrize("own_redis", ["always"], indirect=True)
@pytest.mark.parametrize("both", [False, True], ids=["redis", "redis and daemon"])
async def test_a_redis_that_keeps_all_loses_no_call_by_a_restart(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, own_redis: Redis, both: bool
) -> None:
    campaign = platform.campaign(orders=ORDERS)
    daemon, dialer = make_daemon(DISPATCHER_HOPPER__CLAIM_TIMEOUT="3s"), make_dialer()
    await daemon.up()
    *begun, claimed = await under_way(dialer)
    await eventually(lambda: keeps_all(daemon), what="the daemon to have seen how its Redis is set")
    if both:
        daemon.send(signal.SIGKILL)
        await daemon.ended()
    await restart(own_redis, dialer)
    if both:
        await daemon.start()
    for entry, job in begun:
        await dialer.finish(entry, job, "completed")
    entry, job = claimed
    await dialer.finish(entry, job, "completed" if await dialer.take(job) else "gone")
    async with dialing(dialer):
        await eventually(lambda: all_are(daemon, finished=ORDERS), 40, "every call to end")
    assert (await states(daemon))["uncertain"] == 0
    await eventually(lambda: "kept everything" in daemon.log(), what="the restart to be told of")
    assert set(called(dialer)) == set(platform.store.orders[campaign])
    assert set(called(dialer).values()) == {1}


@pytest.mark.parametrize("own_redis", ["everysec", "none"], indirect=True)
async def test_what_a_redis_may_have_lost_is_held_and_told(
    platform: Platform, make_daemon: Make, make_dialer: MakeDialer, own_redis: Redis
) -> None:
    platform.campaign(orders=ORDERS)
    daemon, dialer = make_daemon(DISPATCHER_HOPPER__LEASE="1s"), make_dialer()
    await daemon.up()
    *begun, _ = await under_way(dialer)
    await eventually(lambda: all_are(daemon, intent=0), what="every call to be known as queued")
    await restart(own_redis, dialer)
    await eventually(lambda: all_are(daemon, uncertain=ORDERS), what="every call to be held")
    assert (await status(daemon))["held_after_loss"] == ORDERS
    parts = (await eventually(lambda: told(daemon), what="the page to say so"))["parts"]
    assert parts["uncertain"]["ok"]
    assert f"{ORDERS} calls are held" in parts["uncertain"]["detail"]
    for entry, job in begun:
        await dialer.finish(entry, job, "completed")
    await eventually(lambda: all_are(daemon, finished=len(begun)), what="the outcomes that still came")
    code, _, errors = await daemon.command("job", "release", "--all", "--reason", "asked the carrier", "--yes")
    assert (code, errors) == (0, "")
    async with dialing(dialer):
        await eventually(lambda: all_are(daemon, finished=ORDERS), 90, "the released calls")
    assert set(called(dialer).values()) == {1}


@pytest.mark.parametrize("own_redis", ["none"], indirect=True)
async def test_a_database_that_was_replaced_ends_the_daemon_with_a_sentence(
    platform: Platform, make_daemon: Make, own_redis: Redis, tmp_path: Path
) -> None:
    platform.campaign(orders=ORDERS)
    daemon = make_daemon()
    await daemon.up()
    file = tmp_path / "dispatcher.db"
    file.rename(tmp_path / "away.db")
    file.touch()
    assert await daemon.ended() == 2
    assert "dispatcher.db was removed or replaced under this process" in daemon.log()


async def restart(server: Redis, dialer: RawDialer) -> None:
    """Kill a server and start it, and let the dialer find out."""
    server.kill()
    server.start()
    with suppress(RedisError):
        await dialer.redis.ping()


async def told(daemon: Daemon) -> Any:
    document = (await daemon.get("/readyz")).json()
    return document if "calls are held" in document["parts"].get("uncertain", {}).get("detail", "") else None
