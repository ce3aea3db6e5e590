"""Fixtures of the worker kit's tests."""

from collections.abc import AsyncIterator

import pytest

from tests.integration.worker.hopper import Hopper


@pytest.fixture
async def hopper(redis_url: str) -> AsyncIterator[Hopper]:
    hopper = Hopper(redis_url)
    yield hopper
    await hopper.redis.aclose()
