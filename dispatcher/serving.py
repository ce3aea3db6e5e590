"""Serves an ASGI application over HTTP with uvicorn, inside a loop that others run and whose signals they handle."""

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
    """An application on a socket, between `start` and `stop`, or in an `async with`.

    Port 0 takes a free port, known once started: `host`, `port` and `url` say where it answers. `name` begins the
    sentence for an address that cannot be had, and `remedy` ends it. `date_header` says whether uvicorn sends the
    host's `Date`.
    """

    def __init__(self, app: ASGIApp, *, host: str, port: int, name: str, remedy: str, date_header: bool = True) -> None:
        self.host = host
        self.port = port
        self._name = name
        self._remedy = remedy
        self._server = _Embedded(
            uvicorn.Config(
                app,
                lifespan="off",
                ws="none",
                log_config=None,
                access_log=False,
                date_header=date_header,
                server_header=False,
                timeout_graceful_shutdown=GRACE_S,
            )
        )
        self._serving: asyncio.Task[None] | None = None

    @property
    def url(self) -> str:
        """The address of its root, without a slash at the end."""
        return f"http://{_address(self.host, self.port)}"

    async def start(self) -> None:
        """Listen, and return once requests are answered; ConfigurationError if the address cannot be had."""
        listener = listen(self.host, self.port, self._name, self._remedy)
        self.port = listener.getsockname()[1]
        self._serving = asyncio.create_task(self._server.serve(sockets=[listener]), name=f"serving {self.url}")
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


def listen(host: str, port: int, name: str, remedy: str) -> socket.socket:
    """Return a socket that listens; ConfigurationError, a sentence from `name` to `remedy`, if the address is taken."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as error:
        # Python adds the address to what the system says, and the sentence has it already.
        why = (error.strerror or str(error)).partition(" (while")[0]
        raise ConfigurationError(f"{name} cannot listen on {_address(host, port)} ({why}): {remedy}.") from error


def _address(host: str, port: int) -> str:
    return f"{f'[{host}]' if ':' in host else host}:{port}"


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
