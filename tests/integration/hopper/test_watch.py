import asyncio
import time
from datetime import timedelta
from pathlib import Path

import pytest
from redis.asyncio import Redis as Client

from dispatcher.hopper import keys
from dispatcher.hopper.census import Census
from tests.integration.hopper.line import Line
from tests.servers import Redis


async def test_the_servers_clock_is_told_in_utc(line: Line) -> None:
    told = min(await line.watch.times())
    assert abs(told.timestamp() - time.time()) < 5
    assert told.utcoffset() == timedelta(0)


async def test_a_server_that_keeps_nothing_and_evicts_nothing_is_warned_of_by_nothing(line: Line) -> None:
    (server,) = await line.watch.servers()
    assert server.name == ""
    assert server.version[0] in "789"
    assert server.warnings == ()


@pytest.mark.parametrize(
    ("options", "said"),
    [
        (("--maxmemory-policy", "allkeys-lru"), "maxmemory-policy allkeys-lru"),
        (("--appendonly", "yes", "--appendfsync", "everysec"), "appendfsync everysec"),
        (("--save", "60 1"), "saves snapshots"),
        (("--replicaof", "127.0.0.1 1"), "Redis is a replica"),
    ],
)
async def test_each_setting_that_endangers_calls_is_warned_of(
    tmp_path: Path, options: tuple[str, ...], said: str
) -> None:
    server = Redis(tmp_path, *options)
    server.start()
    line = Line(server.url)
    try:
        (warning,) = (await line.watch.servers())[0].warnings
        assert said in warning
    finally:
        await line.close()
        server.kill()


@pytest.mark.parametrize("forbidden", [("--rename-command", "CONFIG", "")])
async def test_a_server_that_does_not_tell_its_settings_is_not_warned_of(
    tmp_path: Path, forbidden: tuple[str, ...]
) -> None:
    server = Redis(tmp_path, *forbidden)
    server.start()
    line = Line(server.url)
    try:
        assert (await line.watch.servers())[0].warnings == ()
    finally:
        await line.close()
        server.kill()


async def test_another_process_has_another_id(own_redis: Redis) -> None:
    line = Line(own_redis.url)
    before = await line.watch.census()
    assert await line.watch.census() == before
    own_redis.kill()
    own_redis.start()
    await line.close()
    line = Line(own_redis.url)
    assert await line.watch.census() != before
    await line.close()


async def test_claimed_entries_that_were_silent_for_long_enough_are_idle(line: Line) -> None:
    entry, _ = await line.enqueue("claimed", "waiting")
    await line.claim()
    assert await line.watch.idle(line.phone, timedelta(minutes=1)) == {}
    assert set(await line.watch.idle(line.phone, timedelta(0))) == {entry}
    async with asyncio.timeout(60):
        while not (idle := await line.watch.idle(line.phone, timedelta(milliseconds=50))):
            await asyncio.sleep(0.01)
    assert idle[str(entry)] >= timedelta(milliseconds=50)


async def test_a_worker_that_shows_a_sign_of_life_is_not_idle(line: Line) -> None:
    (entry,) = await line.enqueue("job")
    await line.claim()
    async with asyncio.timeout(60):
        while not await line.watch.idle(line.phone, timedelta(milliseconds=200)):
            await asyncio.sleep(0.01)
    await line.redis.xclaim(line.calls, keys.GROUP, "worker", 0, [str(entry)], justid=True)
    assert await line.watch.idle(line.phone, timedelta(milliseconds=200)) == {}


async def test_a_lost_queue_has_no_idle_entries_and_no_depth(line: Line) -> None:
    await line.enqueue("job")
    await line.redis.xgroup_destroy(line.calls, keys.GROUP)
    assert await line.watch.idle(line.phone, timedelta(0)) == {}
    assert (await line.watch.depth(line.phone)).ready == 0
    assert await line.watch.idle("phone-2", timedelta(0)) == {}
    assert (await line.watch.depth("phone-2")).ready == 0


async def test_of_a_key_of_another_kind_nothing_is_claimed(line: Line) -> None:
    await line.redis.set(keys.calls("test", "phone-2"), "no stream", ex=60)
    assert await line.watch.idle("phone-2", timedelta(0)) == {}
    await line.redis.delete(keys.calls("test", "phone-2"))


async def test_entries_that_are_forgotten_are_gone_for_everybody(line: Line) -> None:
    entry, _ = await line.enqueue("claimed", "waiting")
    await line.claim()
    await line.watch.forget(line.phone, [str(entry)])
    assert await line.entries() == ["waiting"]
    assert await line.pending() == 0


async def test_documents_are_there_until_they_are_taken(line: Line) -> None:
    await line.enqueue("here", "taken")
    await line.getdel("taken")
    assert await line.watch.documents([(line.phone, job) for job in ("here", "taken", "unknown")]) == {
        "here": True,
        "taken": False,
        "unknown": False,
    }
    assert await line.watch.documents([]) == {}


async def test_depth_tells_what_waits_what_is_claimed_and_since_when(line: Line) -> None:
    assert (await line.watch.depth(line.phone)).oldest_ready_at is None
    entries = await line.enqueue("a", "b", "c")
    await line.claim()
    depth = await line.watch.depth(line.phone)
    assert (depth.ready, depth.claimed) == (2, 1)
    assert depth.oldest_ready_at is not None
    assert int(depth.oldest_ready_at.timestamp() * 1000) == int(str(entries[1]).split("-")[0])
    for _ in range(2):
        await line.claim()
    depth = await line.watch.depth(line.phone)
    assert (depth.ready, depth.claimed, depth.oldest_ready_at) == (0, 3, None)


async def test_no_phone_has_a_queue_before_one_is_adopted(line: Line) -> None:
    assert await line.watch.phones() == ["phone-1"]
    await line.redis.flushall()
    assert await line.watch.phones() == []


@pytest.mark.parametrize(
    ("setting", "value", "kept"),
    [
        ("appendfsync", "always", True),
        ("appendfsync", "everysec", False),
        ("no-appendfsync-on-rewrite", "yes", False),
        ("appendonly", "no", False),
    ],
)
async def test_a_server_keeps_all_if_it_syncs_every_write_before_it_answers(
    tmp_path: Path, setting: str, value: str, kept: bool
) -> None:
    server = Redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    line = Line(server.url)
    assert await keeps_all(line)
    await line.redis.config_set(setting, value)
    assert await keeps_all(line) is kept
    await line.close()
    server.kill()


async def test_a_server_that_has_a_replica_or_was_one_is_not_known_to_keep_all(tmp_path: Path) -> None:
    servers = []
    for name in ("first", "second"):
        (tmp_path / name).mkdir()
        servers.append(Redis(tmp_path / name, "--appendonly", "yes", "--appendfsync", "always"))
        servers[-1].start()
    first, second = (Line(server.url) for server in servers)
    await second.redis.replicaof("127.0.0.1", str(servers[0].port))
    await eventually(first.redis, "connected_slaves", 1)
    assert not await keeps_all(first)
    await eventually(second.redis, "master_link_status", "up")
    await second.redis.replicaof("NO", "ONE")
    await eventually(first.redis, "connected_slaves", 0)
    assert await keeps_all(first)
    assert not await keeps_all(second)
    for line, server in zip((first, second), servers, strict=True):
        await line.close()
        server.kill()


async def test_what_another_process_says_of_itself_is_no_word_on_this_one(tmp_path: Path) -> None:
    server = Redis(tmp_path, "--appendonly", "yes", "--appendfsync", "always")
    server.start()
    line = Line(server.url)
    assert not await line.watch.keeps_all(Census.read("another"))
    await line.close()
    server.kill()


async def keeps_all(line: Line) -> bool:
    return await line.watch.keeps_all(await line.watch.census())


async def eventually(redis: Client, name: str, value: object) -> None:
    async with asyncio.timeout(60):
        while (await redis.info("replication")).get(name) != value:
            await asyncio.sleep(0.02)
