"""Dialers whose Redis library repeats by itself every command whose answer it did not get, as most do by default."""

import asyncio
import json
import random
import time
from collections.abc import AsyncIterator
from contextlib import suppress
from typing import Any

import pytest
from redis.asyncio import Redis
from redis.exceptions import RedisError

from tests.fault.phone_log import PhoneLog, begin_line, now
from tests.fault.proxy import Proxy, proxied
from tests.fault.world import World
from tests.waiting import eventually

_LOST = 12
_WORDS = ("XREADGROUP", "GETDEL", "begun", "EXEC")
_CALLS, _OUTCOMES = "dispatcher:{p0}:calls", "dispatcher:{p0}:outcomes"


@pytest.fixture
async def proxy(world: World) -> AsyncIterator[Proxy]:
    async with proxied(world.redis.port) as made:
        yield made


async def test_a_client_library_that_repeats_what_ran_already_doubles_and_loses_nothing(
    world: World, proxy: Proxy
) -> None:
    """Of every command the answer is lost; the library asks again and hides that the first one ran."""
    world.daemon()
    client: Any = Redis(port=proxy.port, decode_responses=True, protocol=3)
    assert client.get_retry().get_retries() >= 3, "the library does not repeat by default any more"
    over = asyncio.Event()
    dialing = [asyncio.create_task(_dial(client, f"r{number}", world, over)) for number in range(2)]
    while proxy.lost < _LOST:
        world.orders(1)
        proxy.lose_reply_to(_WORDS[proxy.lost % len(_WORDS)])
        before = proxy.lost
        await eventually(lambda: proxy.lost > before, 20, "an answer to be lost")  # noqa: B023
    await world.settled()
    over.set()
    await asyncio.gather(*dialing)
    await client.aclose()
    found = await world.honest()
    assert (found.finished, found.uncertain) == (_LOST, 0)


async def _dial(client: Any, name: str, world: World, over: asyncio.Event) -> None:
    """Be a dialer of the four plain commands, one call at a time."""
    log = PhoneLog(world.log_file)
    while not over.is_set():
        try:
            found = await client.xreadgroup("dialers", name, {_CALLS: ">"}, count=1, block=200)
        except RedisError:
            await asyncio.sleep(0.05)  # no group yet
            continue
        if not found:
            continue
        [[[entry, fields]]] = found[_CALLS]
        asked, job = now(), fields["job"]
        document = await client.getdel(f"dispatcher:{{p0}}:call:{job}")
        word = "gone"
        if document is not None:
            log.write([begin_line(json.loads(document), name, asked, int(fields["not_after"]))])
            with suppress(RedisError):
                await client.xadd(_OUTCOMES, {"job": job, "entry": entry, "outcome": "begun"})
            await asyncio.sleep(random.uniform(0.0, 0.05))  # noqa: S311 (a simulation)
            word = "completed"
            log.write([f"e\t{job}\t{time.monotonic()}\t{word}"])
        async with client.pipeline(transaction=True) as pipeline:
            pipeline.xadd(_OUTCOMES, {"job": job, "entry": entry, "outcome": word})
            pipeline.xack(_CALLS, "dialers", entry)
            pipeline.xdel(_CALLS, entry)
            await pipeline.execute()
    log.close()
