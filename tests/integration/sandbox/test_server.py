import asyncio
import signal
import socket

import httpx
import pytest

from dispatcher.clock import Clock
from dispatcher.errors import ConfigurationError
from dispatcher.sandbox.app import create_app
from dispatcher.sandbox.server import Server
from dispatcher.sandbox.store import Store


def served(**options: object) -> Server:
    return Server(create_app(Store(), "t", Clock()), **options)  # type: ignore[arg-type]


async def test_port_0_takes_a_free_port_and_tells_it() -> None:
    async with served() as one, served() as other:
        assert one.port not in {0, other.port}
        assert one.url == f"http://127.0.0.1:{one.port}/api"
        async with httpx.AsyncClient() as client:
            assert (await client.get(f"{other.url}/auth/me")).status_code == 401


async def test_a_port_in_use_is_named() -> None:
    with socket.create_server(("127.0.0.1", 0)) as taken:
        port = taken.getsockname()[1]
        with pytest.raises(ConfigurationError, match=f"127.0.0.1:{port}.*--port"):
            await served(port=port).start()


async def test_the_signals_of_the_process_are_left_alone() -> None:
    before = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    async with served():
        during = [signal.getsignal(number) for number in (signal.SIGINT, signal.SIGTERM)]
    assert during == before


async def test_a_stopped_server_listens_no_more() -> None:
    server = served()
    await server.start()
    await server.stop()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", server.port)


async def test_an_idle_connection_does_not_keep_the_server_from_stopping() -> None:
    server = served()
    await server.start()
    async with httpx.AsyncClient() as client:
        await client.get(f"{server.url}/auth/me")
        async with asyncio.timeout(4):
            await server.stop()
