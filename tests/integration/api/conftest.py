from collections.abc import AsyncIterator, Awaitable, Callable, Iterator
from contextlib import AsyncExitStack
from datetime import timedelta

import pytest
import stamina
from starlette.types import ASGIApp

from dispatcher.api.client import Platform
from dispatcher.clock import Clock
from dispatcher.sandbox.server import Server

TOKEN = "a-token-of-the-account"

Connect = Callable[..., Awaitable[Platform]]


@pytest.fixture
async def connect() -> AsyncIterator[Connect]:
    """Serves an application on a real socket and gives a client of it."""
    async with AsyncExitStack() as stack:

        async def connect(app: ASGIApp, token: str = TOKEN, timeout_s: float = 5.0) -> Platform:
            server = await stack.enter_async_context(Server(app))
            platform = Platform(server.url, token, timedelta(seconds=timeout_s), Clock())
            stack.push_async_callback(platform.close)
            return platform

        yield connect


@pytest.fixture
def at_once() -> Iterator[None]:
    """Lets every repeat come without a wait, as often as it would otherwise."""
    with stamina.set_testing(True, attempts=100, cap=True):
        yield
