"""What tests of faults start with: a world on SQLite with a Redis that the test may break."""

from collections.abc import AsyncIterator, Iterator
from pathlib import Path

import pytest

from tests.fault.world import World, a_world
from tests.servers import Postgres, Redis


@pytest.fixture
async def world(tmp_path: Path, own_redis: Redis) -> AsyncIterator[World]:
    async with a_world(tmp_path, own_redis) as made:
        yield made


@pytest.fixture(scope="module")
def postgres(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Postgres]:
    """A server that a test may stop."""
    server = Postgres(tmp_path_factory.mktemp("postgres"))
    yield server
    server.stop()
