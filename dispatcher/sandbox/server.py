"""Serves an ASGI application with uvicorn inside a loop that others run."""

import asyncio
import socket
from collections.abc import Iterator
from contextlib import contextmanager
from types import TracebackType
from typing import Self

import uvicorn
from starlette.types import ASGIApp

from dispatcher.errors import ConfigurationError

GRACE_S = 3
"""Requests that are still being answered when the server stops get this many seconds."""


class Server:
    """The sandbox on a socket, between `start` and `stop`, or in an `async with`.

    Port 0 takes a free port, known once started: `host`, `port` and `url` (with `/api`) say where it answers.
    """

    def __init__(self, app: ASGIApp, *, host: str = "127.0.0.1", port: int = 0) -> None:
        self.host = host
        self.port = port
        self._server = _Embedded(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                # The application's own Date is that of its clock.
                date_header=False,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The base URL of the API."""
        host = f"[{self.host}]" if ":" in self.host else self.host
        return f"http://{host}:{self.port}/api"

    async def start(self) -> None:
        """Listen, and return once requests are answered; ConfigurationError if the address cannot be had."""
        listener = _listener(self.host, self.port)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name="sandbox")
        ready = asyncio.create_task(self._server.ready.wait())
        await asyncio.wait({self._serving, ready}, return_when=asyncio.FIRST_COMPLETED)
        if not ready.done():
            ready.cancel()
            await self._serving

    async def stop(self) -> None:
        """Stop listening and wait until what is being answered is done; without effect when not started."""
        if self._serving is not None:
            self._server.should_exit = True
            await self._serving
            self._serving = None

    async def __aenter__(self) -> Self:
        await self.start()
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        await self.stop()


class _Embedded(uvicorn.Server):
    """A server that says when it answers, and leaves the process's signals to whoever runs the loop."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.ready = asyncio.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets=sockets)
        self.ready.set()

    @contextmanager
    def capture_signals(self) -> Iterator[None]:
        yield


def _listener(host: str, port: int) -> socket.socket:
    try:
        return socket.create_server((host, port), family=socket.AF_INET6 if ":" in host else socket.AF_INET)
    except OSError as error:
        raise ConfigurationError(
            f"The sandbox cannot listen on {host}:{port} ({error.strerror}): give another --port, or 0 for a free one."
        ) from error
