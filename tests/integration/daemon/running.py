"""A daemon on real parts, whose clock a test may shift."""

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import asynccontextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from types import MappingProxyType
from typing import Any

import pytest
from redis.asyncio import Redis

from dispatcher.clock import Clock
from dispatcher.daemon.daemon import Daemon
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store
from dispatcher.settings import load

TOKEN = "a-token-of-the-sandbox"
POLL_S = 0.01
DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")


class Shifted(Clock):
    """This host's clock, so many seconds off."""

    def __init__(self, shift: timedelta) -> None:
        self.shift = shift

    def now(self) -> datetime:
        return datetime.now(UTC) + self.shift


def shortly_before_a_minute(seconds: float) -> tuple[Shifted, datetime]:
    """A clock by which the next whole minute is so many seconds away, and that minute."""
    now = datetime.now(UTC)
    minute = now.replace(second=0, microsecond=0) + timedelta(minutes=1)
    return Shifted(minute - timedelta(seconds=seconds) - now), minute


@asynccontextmanager
async def running(
    clock: Clock,
    redis_url: str,
    folder: Path,
    schedule: dict[str, Any],
    *,
    store: Store | None = None,
    timezone: str = "UTC",
    settings: Mapping[str, str] = MappingProxyType({}),
) -> AsyncIterator[tuple[Daemon, Redis, str]]:
    """Run a daemon with one phone and one campaign of 50 orders, and give it, its Redis and the phone."""
    store = store or Store()
    phone = store.add_phone(number="+16054440129", status="active")["uuid"]
    campaign = store.add_campaign(
        status="active", timezone=timezone, schedule=schedule, outboundPhoneUuid=phone, outboundAssistantUuid="ava"
    )["uuid"]
    store.add_orders(campaign, [f"+1212555{place:04d}" for place in range(50)], status="planned")
    async with Server(create_app(store, TOKEN, clock)) as server:
        values = {
            "DISPATCHER_API__BASE_URL": server.url,
            "DISPATCHER_API__TOKEN": TOKEN,
            "DISPATCHER_DATABASE__URL": f"sqlite:///{folder / 'dispatcher.db'}",
            "DISPATCHER_REDIS__URL": redis_url,
            "DISPATCHER_CALLING_RULES__ENABLED": "false",
            "DISPATCHER_LIMITS__PHONE_CALLS_PER_SECOND": "100",
            **settings,
        }
        daemon = Daemon(load(None, values), clock, pytest.fail)
        await daemon.start()
        redis = Redis.from_url(redis_url, decode_responses=True, protocol=3)
        try:
            yield daemon, redis, phone
        finally:
            await redis.aclose()
            await daemon.stop()


async def documents(redis: Redis, phone: str) -> int:
    return len([key async for key in redis.scan_iter(f"dispatcher:{{{phone}}}:call:*")])


async def within_a_second(daemon: Daemon, so: Callable[[], Awaitable[bool]], what: str) -> None:
    """Wait until something is so, for at most a second in which the daemon has nothing to do.

    The time that it waits is what it answers for. How long a turn takes is the machine's affair, within reason.
    """
    # That of the outcomes is left out, for it is one long wait.
    turns = [turns for name, turns in daemon.triggers._turns.items() if name != "outcomes"]
    idle, since = 0.0, daemon.clock.monotonic()
    while not await so():
        assert idle < 1, what
        assert daemon.clock.monotonic() - since < 15, f"{what}, however long it works"
        await asyncio.sleep(POLL_S)
        if all(one.idle.is_set() for one in turns):
            idle += POLL_S
