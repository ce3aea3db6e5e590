"""What tests of faults start with: a world on SQLite with a Redis that the test may break."""

from collections.abc import AsyncIterator
from pathlib import Path

import pytest

from tests.fault.world import World, a_world
from tests.servers import Redis


@pytest.fixture
async def world(tmp_path: Path, own_redis: Redis) -> AsyncIterator[World]:
    async with a_world(tmp_path, own_redis) as made:
        yield made
