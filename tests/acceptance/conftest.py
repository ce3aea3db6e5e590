"""The parts of an acceptance test: each has a platform, a Redis and a daemon of its own."""

from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest

from tests.acceptance.harness import Daemon, Platform, RawDialer
from tests.servers import Redis


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if "acceptance" in str(item.path):
            item.add_marker(pytest.mark.acceptance)


@pytest.fixture
async def platform() -> AsyncIterator[Platform]:
    made = Platform()
    await made.server.start()
    yield made
    await made.stop()


@pytest.fixture
async def make_daemon(tmp_path: Path, platform: Platform, own_redis: Redis) -> AsyncIterator[Callable[..., Daemon]]:
    made: list[Daemon] = []

    def make(**settings: str) -> Daemon:
        made.append(Daemon(tmp_path, platform.server.url, own_redis.url, **settings))
        return made[-1]

    yield make
    for daemon in made:
        await daemon.stop()


@pytest.fixture
async def make_dialer(platform: Platform, own_redis: Redis) -> AsyncIterator[Callable[..., RawDialer]]:
    made: list[RawDialer] = []

    def make(phone: str | None = None, outcome: str = "completed", call_s: float = 0.0) -> RawDialer:
        made.append(RawDialer(own_redis.url, phone or platform.phone, outcome, call_s))
        return made[-1]

    yield make
    for dialer in made:
        await dialer.close()
